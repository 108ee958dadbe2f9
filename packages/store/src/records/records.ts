import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Digest } from "@repo2singularity/base";
import { guarded, orAbsent } from "../failure.ts";
import { noteUse } from "../last-use.ts";
import { recordPath, type Layout } from "../layout.ts";
import { freshName, ownMark } from "../owner/process-mark.ts";

/** A small named document. */
export interface StoreRecord {
  readonly key: string;
  /** Any JSON; the reader checks its shape. */
  readonly value: unknown;
  /** Files that the value speaks of: a record is only there while all of them are. */
  readonly files: readonly Digest[];
}

/**
 * Writes a record in place of what was there; readers see the old or the new one whole.
 * The last writer wins.
 */
export async function writeRecord(layout: Layout, kind: string, record: StoreRecord): Promise<void> {
  const path = recordPath(layout, kind, record.key);
  const temporary = join(layout.tmp, freshName(ownMark()));
  await guarded(path, async () => {
    try {
      await using handle = await open(temporary, "wx", 0o600);
      await handle.writeFile(`${JSON.stringify({ key: record.key, files: record.files, value: record.value })}\n`);
      await handle.datasync();
      await mkdir(dirname(path), { recursive: true });
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

/**
 * Reads a record and notes its use.
 * @returns undefined when there is none, or one that is damaged: what a cache has forgotten is made again
 */
export async function readRecord(
  layout: Layout,
  kind: string,
  key: string,
  nowMs: number,
): Promise<StoreRecord | undefined> {
  const path = recordPath(layout, kind, key);
  return guarded(path, async () => {
    const text = await orAbsent(readFile(path, "utf8"));
    const record = text === undefined ? undefined : tryParseRecord(text);
    if (record?.key !== key) return undefined;
    const stats = await orAbsent(stat(path));
    if (stats !== undefined) await noteUse(path, stats, nowMs);
    return record;
  });
}

/** Removes a record if it is there. */
export async function removeRecord(layout: Layout, kind: string, key: string): Promise<void> {
  const path = recordPath(layout, kind, key);
  await guarded(path, () => rm(path, { force: true }));
}

/** A record from its text; undefined for anything else. */
export function tryParseRecord(text: string): StoreRecord | undefined {
  const parsed = tryParseJson(text);
  if (typeof parsed !== "object" || parsed === null || !("key" in parsed) || !("files" in parsed)) return undefined;
  const { key, files } = parsed;
  if (typeof key !== "string" || !Array.isArray(files) || !files.every(isDigest)) return undefined;
  return { key, files, value: "value" in parsed ? parsed.value : undefined };
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}
