import { formatSize } from "@repo2singularity/base";
import { wishLabelNames } from "@repo2singularity/contracts/labels";
import type { HostFacts } from "./host-facts.ts";

/** Which driver's libraries and devices a runtime hands into a session. */
export type SessionGpu = "cuda" | "rocm";

/** What a session on this machine makes of an image's wishes. */
export interface SessionWishes {
  readonly gpu?: SessionGpu;
  /** What the machine does not have, for the user. */
  readonly notices: readonly string[];
}

/**
 * Compares what an image's labels want with what the machine has. A session is started all the same: most programs run
 * with less, and slower.
 */
export function planWishes(labels: Readonly<Record<string, string>>, host: HostFacts): SessionWishes {
  const notices: string[] = [];
  const cpus = numberOf(labels[wishLabelNames.cpus]);
  const memoryBytes = numberOf(labels[wishLabelNames.memoryBytes]);
  if (cpus > host.cpuCount) notices.push(`the image wants ${cpus} CPUs, and this machine has ${host.cpuCount}`);
  if (memoryBytes > host.memoryBytes) {
    notices.push(
      `the image wants ${formatSize(memoryBytes)} of memory, and this machine has ${formatSize(host.memoryBytes)}`,
    );
  }
  const gpu = labels[wishLabelNames.gpu];
  const isWanted = numberOf(labels[wishLabelNames.gpus]) > 0;
  if (gpu === "cuda" && host.hasNvidia) return { gpu, notices };
  if (gpu === "rocm" && host.hasAmd) return { gpu, notices };
  if (gpu === "cuda" || gpu === "rocm") notices.push(`${missingCards[gpu]}: the session runs without one`);
  else if (isWanted)
    notices.push("the image wants graphics cards, but does not say of which kind: gpu in its own file");
  return { notices };
}

const missingCards: Readonly<Record<SessionGpu, string>> = {
  cuda: "the image can use CUDA, and this machine has no NVIDIA card (no /dev/nvidiactl)",
  rocm: "the image can use ROCm, and this machine has no AMD card (no /dev/kfd)",
};

/** Labels are texts of whoever built the image; one that is no number wants nothing. */
function numberOf(label: string | undefined): number {
  const value = Number(label ?? "0");
  return Number.isFinite(value) ? value : 0;
}
