import { rename } from "node:fs/promises";
import path from "node:path";
import { removeTree } from "@repo2singularity/store";

/**
 * Makes a folder that appears under its name when it is whole; one that is there is replaced, and stays as it was when
 * the work fails. A failure or an abort leaves nothing beside it; a kill leaves at most hidden folders `.NAME.PID.…`.
 * @param fill makes the folder under the path it gets
 */
export async function replaceFolder(folder: string, fill: (unfinished: string) => Promise<void>): Promise<void> {
  const beside = (suffix: string): string =>
    path.join(path.dirname(folder), `.${path.basename(folder)}.${process.pid}.${suffix}`);
  const unfinished = beside("partial");
  const replaced = beside("replaced");
  try {
    await fill(unfinished);
    await rename(folder, replaced).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(unfinished, folder);
  } finally {
    await removeTree(unfinished);
    await removeTree(replaced);
  }
}
