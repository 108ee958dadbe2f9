import { createHash } from "node:crypto";
import { createReadStream, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Digest } from "@repo2singularity/base";
import type { CachedExtents, ExtentCache, ExtentKey, RecordedExtents } from "@repo2singularity/image";
import { storedFilePath, type Store } from "@repo2singularity/store";
import { ExtentTable } from "./extent-table.ts";

/** An {@link ExtentCache} that lasts; must be closed, which waits for layers that are still being named. */
export interface SqliteExtentCache extends ExtentCache, AsyncDisposable {
  close(): Promise<void>;
}

/**
 * Remembers in the store's folder which layers hold which compressed files, for all processes and builds.
 *
 * A layer is known by its digest, so that what was recorded stays true wherever the file goes: the writer's file is
 * opened when it is recorded and hashed in the background, under whichever name it lies by then. Losing the
 * database is harmless, so that nothing it does wrong ever fails a build: a database that is damaged is removed,
 * one that is locked or read-only knows nothing.
 */
export function openSqliteExtentCache(store: Pick<Store, "directory">): SqliteExtentCache {
  const path = join(store.directory, "extents.sqlite");
  const table = openTable(path);
  const pending = new Set<Promise<void>>();
  const close = async (): Promise<void> => {
    await Promise.all(pending);
    table?.close();
  };
  return {
    find: (key) => (table === undefined ? undefined : findExtents(table, store.directory, key)),
    record: (imagePath, extents) => {
      if (table === undefined) return;
      const rows = [...extents];
      const descriptor = rows.length === 0 ? undefined : tryOpen(imagePath);
      if (descriptor === undefined) return;
      const work = recordImage(table, descriptor, rows).finally(() => pending.delete(work));
      pending.add(work);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openTable(path: string): ExtentTable | undefined {
  for (const isLastTry of [false, true]) {
    try {
      return new ExtentTable(new DatabaseSync(path));
    } catch (error) {
      const isDamaged = /malformed|not a database|no such column|no such table/.test(String(error));
      if (isLastTry || !isDamaged) return undefined;
      for (const end of ["", "-journal"]) rmSync(path + end, { force: true });
    }
  }
  return undefined;
}

function findExtents(table: ExtentTable, directory: string, key: ExtentKey): CachedExtents | undefined {
  const found = table.find(key);
  if (found === undefined) return undefined;
  const imagePath = storedFilePath(directory, found.layer);
  if (statSync(imagePath, { throwIfNoEntry: false }) !== undefined) {
    return { imagePath, offset: found.offset, blockSizes: found.blockSizes };
  }
  table.forgetLayer(found.layer);
  return undefined;
}

/** Opened at once, because the file gets another name as soon as the writer is done. */
function tryOpen(imagePath: string): number | undefined {
  try {
    return openSync(imagePath, "r");
  } catch {
    return undefined;
  }
}

/** Never rejects: a layer that cannot be read any more is one that will not be found either. */
async function recordImage(table: ExtentTable, descriptor: number, rows: readonly RecordedExtents[]): Promise<void> {
  try {
    const hash = createHash("sha256");
    // the stream closes the descriptor
    for await (const chunk of createReadStream("", { fd: descriptor, highWaterMark: 2 ** 20 })) hash.update(chunk);
    const digest: Digest = `sha256:${hash.digest("hex")}`;
    table.record(digest, rows);
  } catch {
    // the next image that holds these files is recorded instead
  }
}
