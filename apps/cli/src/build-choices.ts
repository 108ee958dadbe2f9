import { processRunner } from "@repo2singularity/base";
import type { ExecutorHost } from "@repo2singularity/build/pipeline";
import type { HostIo } from "./host-io.ts";
import type { BuildFlags } from "./options.ts";
import type { Workbench } from "./workbench.ts";

/** What build steps and host programs need to know of this machine. */
export function executorHost(io: HostIo): ExecutorHost {
  return {
    runner: processRunner,
    path: io.env["PATH"] ?? "/usr/bin:/bin",
    processor: process.arch,
    uid: process.getuid?.() ?? 0,
    tmpDir: io.env["TMPDIR"] ?? "/tmp",
  };
}

/** What the user asked for as the base. */
export function baseReference({ config }: Workbench, flags: BuildFlags): string {
  return flags.base ?? config.base ?? "auto";
}
