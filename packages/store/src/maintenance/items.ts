import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@repo2singularity/base";
import { orAbsent } from "../failure.ts";
import { digestOfName, type Layout } from "../layout.ts";
import { leasedNames, leaseName } from "../owner/leases.ts";
import { tryParseRecord } from "../records/records.ts";
import { treeFacts } from "../trees/trees.ts";

/** One thing that a store holds. */
export interface StoreItem {
  readonly kind: "file" | "tree";
  /** The digest of a file, the key of a tree. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970; exact to a minute. */
  readonly lastUsedMs: number;
  /** Whether an open handle of any process has given it out. */
  readonly isInUse: boolean;
}

/** A record as it lies in the store. */
export interface RecordItem {
  readonly kind: string;
  readonly path: string;
  readonly lastUsedMs: number;
  /** The files it speaks of; undefined when the document is damaged. */
  readonly files: readonly Digest[] | undefined;
}

/** All files and trees, in no order. Memory: about 300 bytes for each. */
export async function listItems(layout: Layout, nowMs: number): Promise<StoreItem[]> {
  const leased = await leasedNames(layout, nowMs);
  return [...(await listFiles(layout, leased)), ...(await listTrees(layout, leased))];
}

async function listFiles(layout: Layout, leased: ReadonlySet<string>): Promise<StoreItem[]> {
  const items: StoreItem[] = [];
  for (const path of await shardedPaths(layout.files)) {
    const digest = digestOfName(path.slice(path.lastIndexOf("/") + 1));
    const stats = await orAbsent(lstat(path));
    if (digest === undefined || stats === undefined) continue;
    const isInUse = leased.has(leaseName("file", digest));
    items.push({ kind: "file", name: digest, path, sizeBytes: stats.size, lastUsedMs: stats.mtimeMs, isInUse });
  }
  return items;
}

async function listTrees(layout: Layout, leased: ReadonlySet<string>): Promise<StoreItem[]> {
  const items: StoreItem[] = [];
  for (const name of await readdir(layout.trees)) {
    const path = join(layout.trees, name);
    const facts = await treeFacts(path);
    if (facts !== undefined) {
      items.push({ kind: "tree", name, path, ...facts, isInUse: leased.has(leaseName("tree", name)) });
    }
  }
  return items;
}

/** All records, in no order. */
export async function listRecords(layout: Layout): Promise<RecordItem[]> {
  const items: RecordItem[] = [];
  for (const kind of await readdir(layout.records)) {
    for (const path of await shardedPaths(join(layout.records, kind))) {
      const [text, stats] = await Promise.all([orAbsent(readFile(path, "utf8")), orAbsent(lstat(path))]);
      if (text === undefined || stats === undefined) continue;
      items.push({ kind, path, lastUsedMs: stats.mtimeMs, files: tryParseRecord(text)?.files });
    }
  }
  return items;
}

/** Paths two levels below a folder: `ab/abcd…`. */
async function shardedPaths(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const shard of await readdir(folder)) {
    const names = (await orAbsent(readdir(join(folder, shard)))) ?? [];
    for (const name of names) paths.push(join(folder, shard, name));
  }
  return paths;
}
