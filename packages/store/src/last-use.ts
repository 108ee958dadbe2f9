import type { Stats } from "node:fs";
import { utimes } from "node:fs/promises";

/** A use is noted again after this long: the order of use needs no more, and a busy disk is spared. */
const noteEveryMs = 60_000;

/**
 * Notes that something was used now, as its modification time.
 * Things of another user or on a read-only disk keep their time: they cannot be collected from here either.
 */
export async function noteUse(path: string, stats: Stats, nowMs: number): Promise<void> {
  if (nowMs - stats.mtimeMs < noteEveryMs && stats.mtimeMs <= nowMs) return;
  const now = new Date(nowMs);
  await utimes(path, now, now).catch(() => {});
}
