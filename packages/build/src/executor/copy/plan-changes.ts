import { parentPath } from "@repo2singularity/image";
import type { ListedEntry } from "../../tree/list-tree.ts";

/** What has to be in an upper folder. */
export interface Changes {
  /** New and changed entries and the folders that lead to them, parents first. */
  readonly changed: readonly ListedEntry[];
  /** Paths that are gone, without those that went with their folder; their folders are in `changed`. */
  readonly removed: readonly string[];
}

/** Compares two listings of one tree. */
export function planChanges(before: readonly ListedEntry[], after: readonly ListedEntry[]): Changes {
  const stampsBefore = new Map(before.map(({ path, stamp }) => [path, stamp]));
  const typesAfter = new Map(after.map(({ path, type }) => [path, type]));
  typesAfter.set("", "d");

  const removed = before
    .map(({ path }) => path)
    .filter((path) => !typesAfter.has(path) && typesAfter.get(parentPath(path)) === "d");
  const kept = new Set<string>();
  const keepWithParents = (path: string): void => {
    for (let at = path; at !== "" && !kept.has(at); at = parentPath(at)) kept.add(at);
  };
  for (const { path, stamp } of after) if (stampsBefore.get(path) !== stamp) keepWithParents(path);
  for (const path of removed) keepWithParents(parentPath(path));
  return { changed: after.filter(({ path }) => kept.has(path)), removed };
}
