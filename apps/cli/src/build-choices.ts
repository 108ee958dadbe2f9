import { processRunner } from "@repo2singularity/base";
import type { AskedWishes, ExecutorHost } from "@repo2singularity/build/pipeline";
import type { HostIo } from "./host-io.ts";
import type { PlanFlags } from "./options.ts";
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

/** What the user and the configuration ask for, before the repository's own file is read. */
export function askedWishes({ config }: Pick<Workbench, "config">, flags: PlanFlags): AskedWishes {
  const { base, date, gpu } = flags;
  return { base, defaultBase: config.base, date, gpu };
}
