import { expect, test } from "vitest";
import { cudaVersionOf, gpuOfImage, gpuOfPackage } from "./gpu-clues.ts";

test.each([
  "torch==2.4.0+cu121",
  "--extra-index-url https://download.pytorch.org/whl/cu124",
  "nvidia-cublas-cu12==12.1.3.1 ; sys_platform == 'linux'",
  "cupy-cuda12x",
  "jax[cuda12]==0.4.30",
  "tensorflow[and-cuda]",
  "cuda-version=12.4",
  "nvidia::cuda-toolkit",
  "pytorch=2.4=*cuda*",
  "pytorch-gpu",
  "https://conda.anaconda.org/conda-forge/linux-64/pytorch-2.4.0-cuda120_py312h.conda",
  "cudatoolkit=11.8",
])("%s is made for CUDA", (line) => expect(gpuOfPackage(line)).toBe("cuda"));

test.each(["torch==2.4.0+rocm6.1", "--index-url=https://download.pytorch.org/whl/rocm6.2", "tensorflow-rocm==2.14"])(
  "%s is made for ROCm",
  (line) => expect(gpuOfPackage(line)).toBe("rocm"),
);

test.each([
  "torch==2.4.0",
  "torch==2.4.0+cpu",
  "pytorch=2.4=cpu_*",
  "barracuda==1",
  "discus31",
  "six==1.16 # not for cuda",
  "six==1.16 --hash=sha256:cuda",
  "microcuda-x",
  "procmon",
])("%s is made for no card", (line) => expect(gpuOfPackage(line)).toBeUndefined());

test.each([
  ["docker://nvidia/cuda:12.4.1-runtime-ubuntu22.04", "cuda"],
  ["docker://nvcr.io/nvidia/pytorch:24.05-py3", "cuda"],
  ["docker://pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime", "cuda"],
  ["docker://tensorflow/tensorflow:latest-gpu", "cuda"],
  ["docker://rocm/pytorch:latest", "rocm"],
  ["docker://debian:trixie", undefined],
  ["debootstrap:bookworm", undefined],
  ["docker://quay.io/jupyter/base-notebook", undefined],
] as const)("the image %s is made for %s", (image, gpu) => expect(gpuOfImage(image)).toBe(gpu));

test("the CUDA version is the one that a specification pins", () => {
  expect(cudaVersionOf(["python=3.12", "cuda-version>=12.4,<13"])).toBe("12.4");
  expect(cudaVersionOf(["nvidia::pytorch-cuda=12.1"])).toBe("12.1");
  expect(cudaVersionOf(["pytorch-gpu", "cuda-nvcc=12.1"])).toBeUndefined();
});
