import { readdir, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Makes the only folder of a folder the folder itself, as archives of repositories have all their files in one.
 * A folder with anything beside, or whose only entry is a file or link, stays as it is.
 * @param folder nothing may be at its path with `.inner` behind
 */
export async function unwrapFolder(folder: string): Promise<void> {
  const [only, ...others] = await readdir(folder, { withFileTypes: true });
  if (only === undefined || others.length > 0 || !only.isDirectory()) return;
  const inner = `${folder}.inner`;
  await rename(join(folder, only.name), inner);
  await rmdir(folder);
  await rename(inner, folder);
}
