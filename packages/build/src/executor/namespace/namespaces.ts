import { join } from "node:path";
import type { ProcessOptions, ProcessResult } from "@repo2singularity/base";
import { hostEnvironment, type ExecutorHost } from "../host.ts";

/** Whose namespaces a tree is set up in. */
export type NamespaceOwner =
  /** A new user namespace in which the user is uid 0, alone. */
  | "user"
  /** The real root. */
  | "root";

/** How a script is run in fresh namespaces. */
export interface NamespaceRun {
  readonly owner: NamespaceOwner;
  /** A scratch folder with `bin/lease`; working folder of the script. */
  readonly directory: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Whether the script gets a network of its own, with nothing in it. */
  readonly ownNetwork: boolean;
  readonly process: Omit<ProcessOptions, "env" | "cwd" | "killSignal">;
  /** Variables beside the PATH of the host. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs an sh script of the host in namespaces of its own for mounts, processes, IPC and host name. All its
 * processes die with the call: at its end, at an abort or time limit, and when this process is killed.
 */
export function runInNamespaces(host: ExecutorHost, run: NamespaceRun): Promise<ProcessResult> {
  const user = run.owner === "user" ? ["--user", "--map-root-user"] : [];
  const network = run.ownNetwork ? ["--net"] : [];
  const unshare = ["unshare", ...user, ...network, "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"];
  return host.runner(
    join(run.directory, "bin/lease"),
    ["/usr/bin/env", ...unshare, "sh", "-c", run.script, "sh", ...run.args],
    {
      ...run.process,
      cwd: run.directory,
      env: { ...hostEnvironment(host), ...run.env },
      // unshare itself does not react to SIGTERM while its child runs.
      killSignal: "SIGKILL",
    },
  );
}
