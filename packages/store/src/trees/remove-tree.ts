import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@repo2singularity/base";
import { orAbsent } from "../failure.ts";

/**
 * Removes a file or folder with all that is in it, folders without write permission included
 * (root trees are full of them). Links are removed, never followed. Nothing happens when it is not there.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!["EACCES", "EPERM", "ENOTEMPTY"].includes(errnoOf(error) ?? "")) throw error;
    await makeFoldersWritable(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeFoldersWritable(path: string): Promise<void> {
  const stats = await orAbsent(lstat(path));
  if (stats?.isDirectory() !== true) return;
  await chmod(path, 0o700);
  const children = (await orAbsent(readdir(path, { withFileTypes: true }))) ?? [];
  for (const child of children) if (child.isDirectory()) await makeFoldersWritable(join(path, child.name));
}
