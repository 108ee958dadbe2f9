import { createHash, randomUUID } from "node:crypto";
import { mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Bind } from "../bind.ts";
import { ensureMountPoint } from "./mount-points.ts";
import type { ImageRuntime, SessionCommand, SessionPlan } from "./port.ts";
import { sandboxScript } from "./sandbox-script.ts";

/** Unpacks an image into a folder that does not exist yet. */
export type UnpackImage = (imagePath: string, directory: string, signal?: AbortSignal) => Promise<void>;

/** What the sandbox runtime stands on. */
export interface SandboxOptions {
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder for unpacked images; made with 0700 when it is missing. */
  readonly directory: string;
  readonly unpack: UnpackImage;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Variables of the host that a session keeps: who and where the user is, and how the terminal talks. */
const keptVariables = ["HOME", "USER", "LOGNAME", "TERM", "COLORTERM", "TZ", "http_proxy", "https_proxy", "no_proxy"];

/**
 * Creates the runtime that needs nothing but unshare, mount and chroot of util-linux: the image is unpacked once
 * and run read-only in a user namespace, where the user is uid 0 of himself alone; the real root needs no user namespace.
 */
export function createSandboxRuntime(options: SandboxOptions): ImageRuntime {
  return {
    name: options.isRoot ? "chroot" : "user namespace",
    runsAsRoot: true,
    handsInDrivers: false,
    prepare: async (plan: SessionPlan, signal?: AbortSignal): Promise<SessionCommand> => {
      const root = await ensureUnpacked(plan.imagePath, options, signal);
      const mounts = [...(await hostMounts(options.env)), ...plan.binds];
      for (const mount of mounts) await ensureMountPoint(root, mount.target, mount.source);
      const mountArguments = mounts.flatMap((mount) => [mount.isReadOnly ? "ro" : "rw", mount.source, mount.target]);
      const user = options.isRoot ? [] : ["--user", "--map-root-user"];
      return {
        file: "unshare",
        args: [...user, "--mount", "sh", "-c", sandboxScript, "sh", root, ...mountArguments, "--", ...plan.command],
        env: { ...keptOf(options.env), ...plan.env, PATH: defaultPath },
      };
    },
  };
}

/** Unpacks an image unless it is there; several sessions of one image share the folder. */
async function ensureUnpacked(imagePath: string, options: SandboxOptions, signal?: AbortSignal): Promise<string> {
  const path = await realpath(imagePath);
  const { size, mtimeMs } = await stat(path);
  const name = createHash("sha256").update(`${path}\0${size}\0${mtimeMs}`).digest("hex").slice(0, 32);
  const finished = join(options.directory, name);
  if (await exists(finished)) return finished;
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const part = join(options.directory, `${name}.${randomUUID()}.part`);
  try {
    await options.unpack(path, part, signal);
    await rename(part, finished);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    if (await exists(finished)) return finished; // another session was faster
    throw error;
  }
  return finished;
}

/** What a session sees of the host unasked, as under Apptainer. */
async function hostMounts(env: Readonly<Record<string, string | undefined>>): Promise<Bind[]> {
  const home = env["HOME"];
  const writable = ["/proc", "/dev", "/sys", "/tmp", "/var/tmp", ...(home === undefined || home === "/" ? [] : [home])];
  const readable = ["/etc/resolv.conf", "/etc/hosts"];
  const mounts = [
    ...writable.map((path) => ({ source: path, target: path, isReadOnly: false })),
    ...readable.map((path) => ({ source: path, target: path, isReadOnly: true })),
  ];
  const present = await Promise.all(mounts.map(async (mount) => ((await exists(mount.source)) ? [mount] : [])));
  return present.flat();
}

function keptOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(keptVariables.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
