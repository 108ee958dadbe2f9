import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { orAbsent } from "../failure.ts";
import { removeTree } from "../trees/remove-tree.ts";
import { fateOf, tryParseMark } from "./process-mark.ts";

/** Age after which unfinished work of an owner who cannot be asked counts as left behind. */
export const abandonedAfterMs = 24 * 3600 * 1000;

/**
 * Whether an entry named by its owner was left behind: its owner is dead, or cannot be asked (another host) and the
 * entry was not touched for a day.
 */
export async function isLeftBehind(path: string, name: string, nowMs: number): Promise<boolean> {
  const mark = tryParseMark(name);
  const fate = mark === undefined ? "unknown" : fateOf(mark);
  if (fate !== "unknown") return fate === "dead";
  const stats = await orAbsent(lstat(path));
  return stats !== undefined && nowMs - stats.mtimeMs > abandonedAfterMs;
}

/**
 * Removes what killed processes left in a folder whose entries are named by their owners.
 * @returns how many entries were removed
 */
export async function removeLeftovers(folder: string, nowMs: number): Promise<number> {
  let removedCount = 0;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!(await isLeftBehind(path, name, nowMs))) continue;
    await removeTree(path);
    removedCount += 1;
  }
  return removedCount;
}
