import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { orAbsent } from "../../failure.ts";
import { onDisk } from "./disk-failure.ts";

/**
 * Removes what lies in the folder of uploads and was not written to since a day.
 * @returns how many uploads and unfinished writes there were
 */
export async function removeStale(uploads: string, untouchedSince: Date): Promise<number> {
  return onDisk(uploads, async () => {
    let count = 0;
    for (const name of (await orAbsent(readdir(uploads))) ?? []) {
      const path = join(uploads, name);
      // an upload is as old as its bytes; a write is a file itself
      const stats = (await orAbsent(lstat(join(path, "data")))) ?? (await orAbsent(lstat(path)));
      if (stats === undefined || stats.mtime >= untouchedSince) continue;
      await rm(path, { recursive: true, force: true });
      count += 1;
    }
    return count;
  });
}
