import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { orAbsent } from "../failure.ts";

/**
 * Bytes that a tree takes on the disk, hard links counted once for each name.
 * Folders that may not be read count as empty.
 */
export async function diskUsage(folder: string): Promise<number> {
  let total = 0;
  const open = [folder];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const children = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const child of children) {
      const childPath = join(path, child.name);
      if (child.isDirectory()) open.push(childPath);
      else total += ((await orAbsent(lstat(childPath)))?.blocks ?? 0) * 512;
    }
  }
  return total;
}
