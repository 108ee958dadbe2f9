import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stepHostName } from "../native/programs/enter.ts";
import type { StepTreeOptions } from "./port.ts";

/** Folders that the executor mounts over. */
const folders = ["proc", "sys", "dev", "run", "tmp", "var/tmp", "etc"] as const;

/**
 * Files that steps see unless their tree has its own. apt must not try to become another user, and need
 * not wait for the disk after every file: a layer that is half written is never used.
 */
const files: Readonly<Record<string, string>> = {
  "etc/hosts": "",
  "etc/resolv.conf": "",
  "etc/apt/apt.conf.d/00repo2singularity": 'APT::Sandbox::User "root";\n',
  "etc/dpkg/dpkg.cfg.d/repo2singularity": "force-unsafe-io\n",
};

/**
 * Writes the tree that lies below the lowest layer of every step: mount points that a base may lack, and
 * settings of this way of building. What lies in a lower tree never comes into a layer, so that none of it
 * is found in an image.
 */
export async function writeSkeleton(directory: string): Promise<void> {
  for (const folder of folders) await mkdir(join(directory, folder), { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** The upper folder's own permissions are those of the step's `/`. */
export async function adoptRootMode({ lowerTrees, upperDir }: StepTreeOptions): Promise<void> {
  const top = lowerTrees.at(-1);
  if (top !== undefined) await chmod(upperDir, (await stat(top)).mode & 0o7777);
}

/** Writes `hosts` and `resolv.conf`, as steps shall see them, into a scratch folder. */
export async function writeNameFiles(directory: string): Promise<void> {
  await writeFile(join(directory, "hosts"), formatHosts(await readOrEmpty("/etc/hosts")));
  await writeFile(join(directory, "resolv.conf"), await readOrEmpty("/etc/resolv.conf"));
}

/** The host's names stay known (mirrors can stand there), the step's own name is added. */
function formatHosts(hostFile: string): string {
  return `127.0.0.1 localhost ${stepHostName}\n::1 localhost ip6-localhost ip6-loopback\n${hostFile}`;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return ""; // a machine without the file has no names to pass on
  }
}
