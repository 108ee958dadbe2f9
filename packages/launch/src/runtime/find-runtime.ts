import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { AppError, type ProcessRunner } from "@repo2singularity/base";
import { createApptainerRuntime } from "./apptainer.ts";
import type { ImageRuntime } from "./port.ts";
import { createSandboxRuntime, type UnpackImage } from "./sandbox.ts";

/** What the search for a runtime looks at. */
export interface RuntimeSearch {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly runner: ProcessRunner;
  /** Folder for images that must be unpacked. */
  readonly sandboxDirectory: string;
  readonly unpack: UnpackImage;
  /** Takes this one instead of the first that works. */
  readonly wanted?: "apptainer" | "singularity" | "sandbox";
  readonly signal?: AbortSignal;
}

/**
 * Finds a way to run images: an installed Apptainer, then Singularity, else a namespace of our own.
 * @throws E_RUNTIME_UNAVAILABLE naming what was tried
 */
export async function findRuntime(search: RuntimeSearch): Promise<ImageRuntime> {
  const { env, isRoot, wanted } = search;
  const tried: string[] = [];
  for (const program of ["apptainer", "singularity"] as const) {
    if (wanted !== undefined && wanted !== program) continue;
    const path = await findProgram(program, env["PATH"]);
    if (path !== undefined) {
      const inUserNamespace = isRoot && !(await hasAllCapabilities());
      return createApptainerRuntime({ program, path, isRoot, inUserNamespace, env });
    }
    tried.push(`${program} is not on the PATH`);
  }
  if (wanted === undefined || wanted === "sandbox") {
    const reason = await trySandbox(search);
    if (reason === undefined) {
      return createSandboxRuntime({ isRoot, env, directory: search.sandboxDirectory, unpack: search.unpack });
    }
    tried.push(reason);
  }
  throw new AppError("E_RUNTIME_UNAVAILABLE", `nothing here can run an image: ${tried.join("; ")}`, {
    hint: "install apptainer, or ask for unprivileged user namespaces; `repo2singularity doctor` says what is missing",
  });
}

/** Whether this process has every capability that the kernel knows; true where the kernel does not say. */
async function hasAllCapabilities(): Promise<boolean> {
  const [status, last] = await Promise.all([
    readFile("/proc/self/status", "utf8").catch(() => ""),
    readFile("/proc/sys/kernel/cap_last_cap", "utf8").catch(() => ""),
  ]);
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined || !/^\d+\s*$/.test(last)) return true;
  return BigInt(`0x${effective}`) === (1n << (BigInt(last.trim()) + 1n)) - 1n;
}

/** Why no namespace can be had, or `undefined` when one can. */
async function trySandbox({ isRoot, runner, env, signal }: RuntimeSearch): Promise<string | undefined> {
  const user = isRoot ? [] : ["--user", "--map-root-user"];
  const probe = "mount --make-rprivate / 2>/dev/null || mount --make-rslave /";
  try {
    await runner("unshare", [...user, "--mount", "sh", "-c", probe], {
      env: { PATH: env["PATH"] },
      timeoutMs: 10_000,
      ...(signal === undefined ? {} : { signal }),
    });
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    return `no namespace of its own can be had (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function findProgram(name: string, path: string | undefined): Promise<string | undefined> {
  for (const folder of (path ?? "").split(delimiter).filter((part) => isAbsolute(part))) {
    const candidate = join(folder, name);
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return undefined;
}
