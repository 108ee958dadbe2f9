import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

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
