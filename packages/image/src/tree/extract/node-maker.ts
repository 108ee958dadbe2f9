import type { ProcessRunner } from "@repo2singularity/base";

/** A device or fifo to be made; Node has no call for them. */
export interface SpecialNode {
  /** On this host. */
  readonly path: string;
  readonly type: "char" | "block" | "fifo";
  readonly mode: number;
  readonly major: number;
  readonly minor: number;
}

/** Makes devices and fifos at paths where nothing is. */
export type NodeMaker = (nodes: readonly SpecialNode[], signal?: AbortSignal) => Promise<void>;

/** Nodes for one call of the shell, well below the limit of an argument list. */
const nodesPerCall = 200;
const script = `set -e
while [ $# -gt 0 ]; do
  case "$2" in p) mknod -m "$1" -- "$5" p ;; *) mknod -m "$1" -- "$5" "$2" "$3" "$4" ;; esac
  shift 5
done`;
const letters = { char: "c", block: "b", fifo: "p" } as const;

/**
 * A {@link NodeMaker} that runs the system's `mknod`, many nodes for each shell.
 * Devices other than character device 0:0 need root.
 */
export function createNodeMaker(runner: ProcessRunner, env: Readonly<Record<string, string | undefined>>): NodeMaker {
  return async (nodes, signal) => {
    for (let at = 0; at < nodes.length; at += nodesPerCall) {
      const args = nodes
        .slice(at, at + nodesPerCall)
        .flatMap(({ path, type, mode, major, minor }) => [
          mode.toString(8),
          letters[type],
          String(major),
          String(minor),
          path,
        ]);
      await runner("sh", ["-c", script, "mknod", ...args], { env, ...(signal === undefined ? {} : { signal }) });
    }
  };
}
