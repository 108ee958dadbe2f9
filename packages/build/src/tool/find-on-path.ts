import { open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { isAbortError, type ProcessRunner } from "@repo2singularity/base";

/**
 * A program of exactly one version on the PATH. Only a real executable counts, since a script or shim would not
 * run inside a base.
 * @returns its path with links resolved, or `undefined`
 */
export async function findOnPath(
  program: string,
  version: string,
  host: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly runner: ProcessRunner;
    readonly signal?: AbortSignal;
  },
): Promise<string | undefined> {
  for (const folder of (host.env["PATH"] ?? "").split(":").filter((entry) => entry.startsWith("/"))) {
    const path = await realpath(join(folder, program)).catch(() => undefined);
    if (path === undefined || !(await isElf(path))) continue;
    try {
      const signal = host.signal === undefined ? {} : { signal: host.signal };
      const { stdout } = await host.runner(path, ["--version"], { env: {}, timeoutMs: 10_000, ...signal });
      if (stdout.split(/\s+/)[1] === version) return path;
    } catch (error) {
      if (isAbortError(error)) throw error;
      // a program that cannot say its version is not the one that is looked for
    }
  }
  return undefined;
}

async function isElf(path: string): Promise<boolean> {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(Buffer.from("\u007fELF", "latin1"));
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}
