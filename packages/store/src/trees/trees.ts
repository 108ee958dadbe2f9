import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "@repo2singularity/base";
import { guarded, orAbsent } from "../failure.ts";
import { noteUse } from "../last-use.ts";
import { treeFolder, type Layout } from "../layout.ts";
import { freshName, ownMark } from "../owner/process-mark.ts";
import { removeTree } from "./remove-tree.ts";
import { diskUsage } from "./tree-size.ts";

/** Inside the folder of a tree: the tree, and the file that says how large it is and when it was used. */
const treeName = "tree";
const factsName = "tree.json";

/**
 * The folder of a finished tree; notes its use.
 * @returns undefined when there is none
 */
export async function findTree(layout: Layout, key: string, nowMs: number): Promise<string | undefined> {
  const folder = treeFolder(layout, key);
  const facts = join(folder, factsName);
  const stats = await guarded(facts, () => orAbsent(stat(facts)));
  if (stats === undefined) return undefined;
  await noteUse(facts, stats, nowMs);
  return join(folder, treeName);
}

/**
 * Makes a tree: `fill` gets an empty folder, and what it leaves there becomes the tree, whole or not at all.
 * When another process finished the same tree meanwhile, that one stays.
 * @returns the folder of the tree
 */
export async function makeTree(layout: Layout, key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = treeFolder(layout, key);
  const temporary = join(layout.tmp, freshName(ownMark()));
  try {
    const unfinished = join(temporary, treeName);
    await guarded(unfinished, () => mkdir(unfinished, { recursive: true }));
    await fill(unfinished);
    await guarded(folder, async () => {
      const facts = { sizeBytes: await diskUsage(unfinished) };
      await using handle = await open(join(temporary, factsName), "wx");
      await handle.writeFile(JSON.stringify(facts));
      await publish(temporary, folder);
    });
    return join(folder, treeName);
  } finally {
    await removeTree(temporary);
  }
}

/** What is noted about a tree: bytes on the disk and milliseconds of its last use. */
export async function treeFacts(folder: string): Promise<{ sizeBytes: number; lastUsedMs: number } | undefined> {
  const path = join(folder, factsName);
  const [text, stats] = await Promise.all([orAbsent(readFile(path, "utf8")), orAbsent(stat(path))]);
  if (text === undefined || stats === undefined) return undefined;
  const size = /"sizeBytes":(?<size>\d+)/.exec(text)?.groups?.["size"];
  return { sizeBytes: Number(size ?? 0), lastUsedMs: stats.mtimeMs };
}

async function publish(temporary: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
  }
}
