import { access } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";

/** What this machine has of what a session may want. */
export interface HostFacts {
  readonly cpuCount: number;
  readonly memoryBytes: number;
  readonly hasNvidia: boolean;
  readonly hasAmd: boolean;
}

/** Device nodes that the drivers make when there is a card. Source: NVIDIA driver README; ROCm, "GPU isolation" */
const nodes = { nvidia: ["/dev/nvidiactl", "/dev/nvidia0"], amd: ["/dev/kfd"] } as const;

/** Looks at this machine; starts no program. */
export async function readHostFacts(isThere: (path: string) => Promise<boolean> = isAccessible): Promise<HostFacts> {
  const [nvidia, amd] = await Promise.all([nodes.nvidia, nodes.amd].map((paths) => Promise.all(paths.map(isThere))));
  return {
    cpuCount: availableParallelism(),
    memoryBytes: totalmem(),
    hasNvidia: nvidia?.includes(true) ?? false,
    hasAmd: amd?.includes(true) ?? false,
  };
}

function isAccessible(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
