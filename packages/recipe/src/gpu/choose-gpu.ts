import type { Decision } from "@repo2singularity/contracts";
import { type Gpu, gpuOfImage, gpuOfPackage } from "./gpu-clues.ts";

/** What `--gpu` takes. */
export type GpuOption = "auto" | Gpu | "none";

/** What a choice is made from, the first that says something counts. */
export interface GpuInput {
  /** The value of `--gpu`; `auto` when left out. */
  readonly option?: GpuOption | undefined;
  /** What the own file says, and its name. */
  readonly own?: { readonly gpu: Gpu | "none"; readonly name: string } | undefined;
  /** References of the images that it stands on. */
  readonly images: readonly string[];
  /** Entries of its lists of packages. */
  readonly packages: readonly string[];
}

/** Which cards an image's programs can use, and why. */
export interface GpuChoice {
  readonly gpu?: Gpu;
  readonly decisions: readonly Decision[];
}

/** Chooses the kind of card: what is asked for, else what base and packages are made for. */
export function chooseGpu({ option = "auto", own, images, packages }: GpuInput): GpuChoice {
  if (option !== "auto") return choice(option, "--gpu asks for it");
  if (own !== undefined) return choice(own.gpu, `${own.name} asks for it`);
  for (const image of images) {
    const gpu = gpuOfImage(image);
    if (gpu !== undefined) return choice(gpu, `the base ${image} is made for it`);
  }
  for (const line of packages) {
    const gpu = gpuOfPackage(line);
    if (gpu !== undefined) return choice(gpu, `${line.split(/\s/)[0] ?? line} is made for it`);
  }
  return { decisions: [] };
}

const runtimeFlags: Readonly<Record<Gpu, string>> = { cuda: "--nv", rocm: "--rocm" };

function choice(gpu: Gpu | "none", reason: string): GpuChoice {
  if (gpu === "none") return { decisions: [{ subject: "GPU none", outcome: "chosen", reason }] };
  const use = `sessions get ${runtimeFlags[gpu]} where the host has such a card`;
  return { gpu, decisions: [{ subject: `GPU ${gpu}`, outcome: "chosen", reason: `${reason}; ${use}` }] };
}
