import { readdir, readlink } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { AppError } from "@repo2singularity/base";

/**
 * Looks whether every symbolic link of a folder stays inside it. A target may climb with `..` at its start only:
 * behind another link, `..` would mean that link's parent, wherever it is.
 * @param shown what errors call the folder's origin
 * @throws E_PATH_ESCAPE for the first link that does not
 */
export async function checkLinks(folder: string, shown: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = await readlink(path);
    const inside = relative(folder, entry.parentPath);
    const depth = inside === "" ? 0 : inside.split(sep).length;
    if (staysInside(target, depth)) continue;
    throw new AppError(
      "E_PATH_ESCAPE",
      `${shown}: the link ${relative(folder, path)} leads out of it, to ${JSON.stringify(target)}`,
    );
  }
}

/** @param depth folders between the root and the link */
function staysInside(target: string, depth: number): boolean {
  if (target.startsWith("/")) return false;
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const climbs = parts.findIndex((part) => part !== "..");
  const climbCount = climbs < 0 ? parts.length : climbs;
  return climbCount <= depth && !parts.slice(climbCount).includes("..");
}
