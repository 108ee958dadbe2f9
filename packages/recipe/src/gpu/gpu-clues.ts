/** The two ways to use graphics cards that runtimes can hand into an image. */
export type Gpu = "cuda" | "rocm";

/** `cu121` as builds of packages name CUDA 12.1, `cuda-version`, `cudatoolkit`, `nvidia-cublas-cu12`, `jax[cuda12]`. */
const cuda =
  /[+/-]cu\d{2,3}(?!\d)|(?<![a-z])(?:cuda|cudnn|cudatoolkit)(?![a-z])|^nvidia-|(?:tensorflow|pytorch|jaxlib|paddlepaddle|onnxruntime)-gpu(?![a-z])/i;

/** `+rocm6.2`, `/whl/rocm6.2`, `tensorflow-rocm`, `rocm-core`. */
const rocm = /(?<![a-z])rocm(?![a-z])/i;

/**
 * What kind of card an entry of a list of packages is made for: a line of requirements, a flag of an installer, a conda
 * specification or the address of a package.
 * @returns `undefined` for what runs anywhere, `cpu` builds among it
 */
export function gpuOfPackage(line: string): Gpu | undefined {
  const text = line
    .replace(/\s+#.*$/, "")
    .replace(/\s--hash=\S+/g, "")
    .trim();
  if (rocm.test(text)) return "rocm";
  return cuda.test(text) ? "cuda" : undefined;
}

/**
 * What kind of card an image is made for, by its name: `docker://nvidia/cuda:…`, `rocm/pytorch`, `pytorch/pytorch:2.4-cuda12.1…`,
 * `tensorflow/tensorflow:latest-gpu`.
 */
export function gpuOfImage(reference: string): Gpu | undefined {
  const name = reference.replace(/^docker:\/\//, "");
  if (rocm.test(name)) return "rocm";
  return cuda.test(name) || /^(?:docker\.io\/)?nvidia\/|^nvcr\.io\/|[:-]gpu(?:[-.]|$)/.test(name) ? "cuda" : undefined;
}

/** The CUDA version that conda specifications ask for, `12.4` of `cuda-version=12.4` or `pytorch-cuda=12.1`. */
export function cudaVersionOf(specs: readonly string[]): string | undefined {
  for (const spec of specs) {
    const version =
      /^(?:\S+::)?(?:cuda-version|pytorch-cuda|cudatoolkit|cuda-toolkit|cuda)\s*[=<>~]+\s*(?<version>\d+(?:\.\d+)?)/i.exec(
        spec.trim(),
      )?.groups?.["version"];
    if (version !== undefined) return version;
  }
  return undefined;
}
