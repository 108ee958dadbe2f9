import { lstat, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@repo2singularity/base";
import { guarded, orAbsent } from "../failure.ts";
import { filePath, type Layout } from "../layout.ts";
import { takeLock, type LockOptions } from "../lock/store-lock.ts";
import { removeLeftovers } from "../owner/leftovers.ts";
import { freshName, ownMark } from "../owner/process-mark.ts";
import { removeTree } from "../trees/remove-tree.ts";
import { listItems, listRecords, type StoreItem } from "./items.ts";

/** What a collection may remove. */
export interface CollectOptions extends LockOptions {
  /** Bytes that files and trees may take together afterwards; 0 removes all that is not in use or kept. */
  readonly maxBytes: number;
  /** Files (digests) and trees (keys) to keep whatever their age. */
  readonly keep?: ReadonlySet<string>;
  /** Records not used for this long are removed; 180 days when left out. */
  readonly maxRecordAgeMs?: number;
}

/** What a collection did. */
export interface CollectReport {
  readonly removed: readonly StoreItem[];
  readonly removedBytes: number;
  /** Bytes of files and trees that stay; more than the bound when what stays is in use or kept. */
  readonly remainingBytes: number;
  readonly removedRecordCount: number;
  /** Unfinished work of killed processes. */
  readonly removedLeftoverCount: number;
}

/** The lock that collectors hold while they choose, and that who takes a lease waits for. */
export const collectLockName = "collect";

const defaultRecordAgeMs = 180 * 24 * 3600 * 1000;

/**
 * Removes what was not used for the longest time until the rest fits the bound.
 * What an open handle of any living process has given out stays. Trees of the same age go before files, because they
 * can be unpacked again.
 */
export async function collect(layout: Layout, clock: () => number, options: CollectOptions): Promise<CollectReport> {
  const doomed = await guarded(layout.directory, () => chooseAndDetach(layout, clock, options));
  // Outside the lock, because removing a large tree takes seconds and nobody can see it any more.
  for (const path of doomed.detachedPaths) await guarded(path, () => removeTree(path));
  const removedLeftoverCount = await guarded(layout.tmp, async () => {
    return (await removeLeftovers(layout.tmp, clock())) + (await removeLeftovers(layout.leases, clock()));
  });
  return { ...doomed.report, removedLeftoverCount };
}

interface Doomed {
  readonly detachedPaths: readonly string[];
  readonly report: Omit<CollectReport, "removedLeftoverCount">;
}

async function chooseAndDetach(layout: Layout, clock: () => number, options: CollectOptions): Promise<Doomed> {
  await using _lock = await takeLock(layout, collectLockName, options);
  const items = await listItems(layout, clock());
  const removed = chooseOldest(items, options);
  const detachedPaths: string[] = [];
  for (const item of removed) {
    const path = join(layout.tmp, freshName(ownMark()));
    await orAbsent(rename(item.path, path));
    detachedPaths.push(path);
  }
  const names = new Set(removed.map(({ name }) => name));
  const kept = items.filter(({ name }) => !names.has(name));
  const present = new Set(kept.filter(({ kind }) => kind === "file").map(({ name }) => name));
  return {
    detachedPaths,
    report: {
      removed,
      removedBytes: sizeOf(removed),
      remainingBytes: sizeOf(kept),
      removedRecordCount: await removeRecords(
        layout,
        present,
        clock() - (options.maxRecordAgeMs ?? defaultRecordAgeMs),
      ),
    },
  };
}

/** The items to remove so that the rest fits; pure. */
export function chooseOldest(
  items: readonly StoreItem[],
  options: Pick<CollectOptions, "maxBytes" | "keep">,
): StoreItem[] {
  const removable = items
    .filter((item) => !item.isInUse && options.keep?.has(item.name) !== true)
    .toSorted((a, b) => a.lastUsedMs - b.lastUsedMs || (a.kind === b.kind ? 0 : a.kind === "tree" ? -1 : 1));
  let total = sizeOf(items);
  const chosen: StoreItem[] = [];
  for (const item of removable) {
    if (total <= options.maxBytes) break;
    chosen.push(item);
    total -= item.sizeBytes;
  }
  return chosen;
}

/** Removes records that are damaged, too old, or speak of files that are gone. */
async function removeRecords(layout: Layout, present: ReadonlySet<string>, oldestMs: number): Promise<number> {
  let removedCount = 0;
  for (const record of await listRecords(layout)) {
    const isWhole = record.files !== undefined && (await areThere(layout, record.files, present));
    if (isWhole && record.lastUsedMs >= oldestMs) continue;
    await rm(record.path, { force: true });
    removedCount += 1;
  }
  return removedCount;
}

/** Looks at the disk for files that were not there when the store was listed: they may be new. */
async function areThere(layout: Layout, files: readonly Digest[], present: ReadonlySet<string>): Promise<boolean> {
  for (const digest of files) {
    if (!present.has(digest) && (await orAbsent(lstat(filePath(layout, digest)))) === undefined) return false;
  }
  return true;
}

function sizeOf(items: readonly StoreItem[]): number {
  return items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
