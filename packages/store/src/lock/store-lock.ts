import { lstat, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, errnoOf, nullLogger, sha256Hex, type Logger } from "@repo2singularity/base";
import { guarded, orAbsent } from "../failure.ts";
import type { Layout } from "../layout.ts";
import { fateOf, formatMark, ownMark, tryParseMark } from "../owner/process-mark.ts";

/** How long to wait for a lock. */
export interface LockOptions {
  /** Milliseconds after which the call fails with E_STORE_LOCKED; no limit when left out. */
  readonly waitMs?: number;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/** A lock that is held until it is disposed of. */
export type StoreLock = AsyncDisposable;

/** When a lock counts as abandoned. */
export interface LockTimings {
  /**
   * Milliseconds without a sign of life, which is a timer of the owner's event loop: longer than any synchronous work.
   */
  readonly staleMs: number;
  /** Milliseconds in which whoever took a lock has written down who he is, unless he was killed before he could. */
  readonly namelessMs: number;
}

const usualTimings: LockTimings = { staleMs: 60_000, namelessMs: 5_000 };
const firstPauseMs = 20;
const longestPauseMs = 1_000;

/**
 * Takes a lock that holds between processes and hosts; made by `mkdir`, which is atomic on NFS too.
 *
 * A lock whose owner is known to be dead is taken over at once, one whose owner was killed before he wrote down who he
 * is after five seconds, one whose owner lives on another host after a minute without a sign of life. A process that was suspended for longer may therefore find that a second one did the same
 * work: what is stored stays right, because everything appears by rename.
 *
 * @param name any text
 * @throws E_STORE_LOCKED after `waitMs`
 */
export async function takeLock(
  layout: Layout,
  name: string,
  options: LockOptions = {},
  timings: LockTimings = usualTimings,
): Promise<StoreLock> {
  const paths = lockPaths(layout, name);
  const owner = watchOwner(paths, timings);
  const deadline = options.waitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.waitMs;
  let pauseMs = firstPauseMs;
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    const lock = await tryTakeLock(paths, name, options.logger ?? nullLogger, timings);
    if (lock !== undefined) return lock;
    if (await breakDeadLock(paths, owner.isDead, timings)) continue;
    if (attempt === 0) options.onWait?.();
    if (performance.now() + pauseMs > deadline) {
      throw new AppError("E_STORE_LOCKED", `${paths.lock}: another process still holds the lock of "${name}"`, {
        hint: "wait for the other build to end",
        retryable: true,
      });
    }
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: options.signal });
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
  }
}

/** Whether somebody who is not known to be dead holds a lock at this moment. */
export async function isLockHeld(layout: Layout, name: string): Promise<boolean> {
  const paths = lockPaths(layout, name);
  const stats = await orAbsent(lstat(paths.lock));
  if (stats === undefined || Date.now() - stats.mtimeMs > usualTimings.staleMs) return false;
  return (await ownerOf(paths)) !== "dead";
}

interface LockPaths {
  /** The folder whose existence is the lock. */
  readonly lock: string;
  /** The file with the mark of who holds it. */
  readonly owner: string;
  /** The lock under which a dead owner's lock is removed. */
  readonly breaking: string;
}

function lockPaths(layout: Layout, name: string): LockPaths {
  const base = join(layout.locks, sha256Hex(name).slice(0, 32));
  return { lock: `${base}.lock`, owner: `${base}.owner`, breaking: `${base}.breaking` };
}

async function tryTakeLock(
  paths: LockPaths,
  name: string,
  logger: Logger,
  timings: LockTimings,
): Promise<StoreLock | undefined> {
  const release = await mkdirLock(paths.lock, timings, () => {
    logger.warn("a lock of the cache was taken over because this process gave no sign of life", { name });
  });
  if (release === undefined) return undefined;
  await guarded(paths.owner, () => writeFile(paths.owner, formatMark(ownMark())));
  return {
    [Symbol.asyncDispose]: async () => {
      await rm(paths.owner, { force: true });
      await release();
    },
  };
}

/** @returns whether a lock was removed whose owner died on this host */
async function breakDeadLock(paths: LockPaths, isDead: () => Promise<boolean>, timings: LockTimings): Promise<boolean> {
  if (!(await isDead())) return false;
  const release = await mkdirLock(paths.breaking, timings, () => {});
  if (release === undefined) return false;
  try {
    // Asked again under the lock: whoever broke it before us removed the owner file first, so that the lock of a
    // newcomer who has not written his own yet is never taken for the dead one's.
    if (!(await isDead())) return false;
    await rm(paths.owner, { force: true });
    await orAbsent(rmdir(paths.lock));
    return true;
  } finally {
    await release();
  }
}

/** Whether the owner of a lock is dead, by his file, or by seeing the same lock without one for long enough. */
function watchOwner(paths: LockPaths, timings: LockTimings): { readonly isDead: () => Promise<boolean> } {
  let nameless: { readonly identity: string; readonly sinceMs: number } | undefined;
  const isDead = async (): Promise<boolean> => {
    const owner = await ownerOf(paths);
    if (owner !== undefined) {
      nameless = undefined;
      return owner === "dead";
    }
    const stats = await orAbsent(lstat(paths.lock, { bigint: true }));
    if (stats === undefined) return false;
    const identity = `${stats.ino} ${stats.ctimeNs}`;
    if (nameless?.identity !== identity) nameless = { identity, sinceMs: performance.now() };
    return performance.now() - nameless.sinceMs > timings.namelessMs;
  };
  return { isDead };
}

/** @returns undefined when nobody has written down that he is the owner */
async function ownerOf(paths: LockPaths): Promise<"alive" | "dead" | "unknown" | undefined> {
  const mark = tryParseMark((await orAbsent(readFile(paths.owner, "utf8"))) ?? "");
  return mark === undefined ? undefined : fateOf(mark);
}

/** @returns what releases it, or undefined when somebody holds it */
async function mkdirLock(
  path: string,
  { staleMs }: LockTimings,
  onCompromised: () => void,
): Promise<(() => Promise<void>) | undefined> {
  const { lock } = await import("proper-lockfile"); // it hooks the exit of the process when it is loaded
  try {
    const release = await lock(path, { lockfilePath: path, realpath: false, stale: staleMs, onCompromised });
    // A lock that was taken over or removed is no longer ours to release.
    return () =>
      release().catch((error: unknown) => {
        if (!["ERELEASED", "ENOTACQUIRED", "ENOENT"].includes(errnoOf(error) ?? "")) throw error;
      });
  } catch (error) {
    if (errnoOf(error) === "ELOCKED") return undefined;
    return guarded(path, () => Promise.reject(error));
  }
}
