import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";

/*
 * Reading in trees that steps of somebody else's repository left: a link could lead to the host's files, a pipe would
 * never end. Nothing runs in the tree any more, so what is looked at stays as it is.
 */

/** A dpkg database of 5,000 packages has 8 MB; more than this is none. */
const textLimitBytes = 64 * 2 ** 20;

/**
 * The text of a file in a tree. No link is followed, neither on the way.
 * @param tree a folder of this host
 * @param name relative to it, or absolute as it is inside
 * @returns `undefined` when a regular file is not what stands there
 * @throws E_LIMIT_EXCEEDED above 64 MiB
 */
export async function readPlainText(tree: string, name: string): Promise<string | undefined> {
  const stats = await statPlain(tree, name);
  if (stats?.isFile() !== true) return undefined;
  if (stats.size > textLimitBytes) {
    throw new AppError("E_LIMIT_EXCEEDED", `${name}: at most ${textLimitBytes} bytes are read, found ${stats.size}`);
  }
  return readFile(path.join(tree, name), "utf8");
}

/** What a folder of a tree holds, sorted by name; empty when no folder stands there, or only behind a link. */
export async function listPlainFolder(tree: string, name: string): Promise<readonly Dirent[]> {
  const stats = await statPlain(tree, name);
  if (stats?.isDirectory() !== true) return [];
  const entries = await readdir(path.join(tree, name), { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function statPlain(tree: string, name: string): Promise<Stats | undefined> {
  const parts = name.split("/").filter((part) => part !== "");
  let place = tree;
  let stats = await lstat(tree);
  for (const part of parts) {
    if (!stats.isDirectory()) return undefined;
    place = path.join(place, part);
    const next = await lstat(place).catch(absent);
    if (next === undefined) return undefined;
    stats = next;
  }
  return stats;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
