import { access, constants, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAbortError, type ProcessRunner } from "@repo2singularity/base";
import type { Store } from "@repo2singularity/store";

/** What mmdebstrap is looked for, or fetched, with. */
export interface FindMmdebstrapOptions {
  readonly runner: ProcessRunner;
  /** Environment of host programs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: Store;
  readonly signal?: AbortSignal;
}

/**
 * The path of mmdebstrap: of the machine's own package, else unpacked into the store by the machine's apt, which
 * an ordinary user may do too. It is a perl script that needs nothing but perl and apt.
 * @throws E_BASE_UNAVAILABLE naming the command that installs it
 */
export async function findMmdebstrap(options: FindMmdebstrapOptions): Promise<string> {
  const folders = (options.env["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/"));
  for (const folder of folders) {
    const path = join(folder, "mmdebstrap");
    if (await isExecutable(path)) return path;
  }
  try {
    const tree = await options.store.ensureTree("tool-mmdebstrap", (folder) => unpackPackage(folder, options), {
      ...signalOf(options),
    });
    return join(tree, "usr/bin/mmdebstrap");
  } catch (error) {
    if (isAbortError(error)) throw error;
    throw new AppError("E_BASE_UNAVAILABLE", "a base is bootstrapped with mmdebstrap, which is not installed here", {
      hint: "on Debian or Ubuntu: sudo apt-get install mmdebstrap; elsewhere name another base, such as docker://debian:13",
      cause: error,
    });
  }
}

async function unpackPackage(folder: string, options: FindMmdebstrapOptions): Promise<void> {
  const run = { cwd: folder, env: options.env, ...signalOf(options) };
  // apt's own sandbox user could not write into this user's folder
  await options.runner("apt-get", ["-oAPT::Sandbox::User=root", "download", "mmdebstrap"], {
    ...run,
    timeoutMs: 120_000,
  });
  const archive = (await readdir(folder)).find((name) => /^mmdebstrap_.*\.deb$/.test(name));
  if (archive === undefined) throw new AppError("E_BASE_UNAVAILABLE", "apt-get download mmdebstrap: gave no package");
  await options.runner("dpkg-deb", ["-x", archive, "."], { ...run, timeoutMs: 60_000 });
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function signalOf(options: { readonly signal?: AbortSignal }): { readonly signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}
