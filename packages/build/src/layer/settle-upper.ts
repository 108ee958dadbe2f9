import {
  chmodSync,
  lstatSync,
  lutimesSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  unlinkSync,
  type Stats,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeName, encodeName, hostPath, parentPath } from "@repo2singularity/image";
import { type ExecutorHost, hostEnvironment } from "../executor/host.ts";
import { writePrograms } from "../native/write-programs.ts";
import { listAndOpenTree, type ListedEntry } from "../tree/list-tree.ts";
import { hasSameContent } from "./same-content.ts";
import { type LowerEntry, MergedLowers } from "./merged-lowers.ts";
import { makeWhiteouts } from "./whiteouts.ts";

/** What settling an upper folder needs. */
export interface SettleOptions {
  readonly host: ExecutorHost;
  /** Layers below, bottom first. */
  readonly lowerTrees: readonly string[];
  /** An existing folder for helper programs and lists. */
  readonly scratchDir: string;
  /** Time that all entries get, in seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Entries that the folder may have; `defaultMaxFiles` when left out. */
  readonly maxFiles?: number | undefined;
  readonly signal?: AbortSignal;
}

/** An upper folder that is settled, but for permissions. */
export interface SettledUpper {
  /** Permissions, by path, of entries that are open to this user while the folder is read. */
  readonly closedModes: ReadonlyMap<string, number>;
  /** Gives those entries their own permissions back. */
  close(): void;
}

/**
 * Brings an overlay's upper folder into the one form that its difference to the lower trees has, whatever
 * made it (kernel, fuse-overlayfs, comparison of a copy): opaque folders become whiteouts of what they
 * hide, whiteouts of nothing go, files and folders that were copied up but are as below go, and all times are one.
 * The folder then is what the unpacked layer is, and can be kept as that.
 */
export async function settleUpper(upper: string, options: SettleOptions): Promise<SettledUpper> {
  const { host, scratchDir, signal, maxFiles } = options;
  const entries = await listAndOpenTree(host, upper, join(scratchDir, "listing"), { maxFiles, signal });
  for (const { path, mode } of entries.filter(isClosedFile)) chmodSync(hostPath(upper, path), mode | 0o400);

  const lowers = new MergedLowers(options.lowerTrees);
  const hidden = await hiddenByOpaque(upper, entries, lowers, options);
  const dropped = dropUnchanged(upper, entries, lowers, new Set(hidden.map(parentPath)));
  if (hidden.length > 0) {
    const programs = await writePrograms(join(scratchDir, "bin"), host.processor, ["whiteout"]);
    await makeWhiteouts(host, programs.whiteout, upper, hidden);
  }
  const left = entries.filter(({ path }) => !dropped.has(path));
  setTimes(upper, left, options.mtimeSeconds);

  const closed = left.filter((entry) => isClosedFile(entry) || isClosedFolder(entry));
  return {
    closedModes: new Map(closed.map(({ path, mode }) => [path, mode])),
    close: () => {
      // Deepest first: a folder that is closed hides what is in it.
      for (const { path, mode } of closed.toSorted((a, b) => depth(b.path) - depth(a.path))) {
        chmodSync(hostPath(upper, path), mode);
      }
    },
  };
}

/** What of the lower trees lies in opaque folders and is not there again. Takes the marks off. */
async function hiddenByOpaque(
  upper: string,
  entries: readonly ListedEntry[],
  lowers: MergedLowers,
  options: SettleOptions,
): Promise<string[]> {
  if (!entries.some(({ type }) => type === "d")) return []; // spares starting programs
  const opaque = await takeOpaqueMarks(upper, options);
  if (opaque.length === 0) return [];
  const isOpaque = new Set(opaque);
  const hidden: string[] = [];
  for (const { path, type } of entries) {
    if (type !== "d" || !(isOpaque.has(path) || isOpaque.has(parentPath(path)))) continue;
    isOpaque.add(path); // and with it all that is below
    const own = new Set(readdirSync(hostPath(upper, path), { encoding: "buffer" }).map(decodeName));
    hidden.push(
      ...lowers
        .names(path)
        .filter((name) => !own.has(name))
        .map((name) => `${path}/${name}`),
    );
  }
  return hidden;
}

/** Paths of the folders of an upper that carry an opaque mark, which they lose. */
async function takeOpaqueMarks(upper: string, { host, scratchDir, signal }: SettleOptions): Promise<string[]> {
  const programs = await writePrograms(join(scratchDir, "bin"), host.processor, ["take-opaque"]);
  const output = join(scratchDir, "opaque");
  const script = `exec find "$1" -mindepth 1 -type d -exec "$2" {} + >"$3"`;
  await host.runner("sh", ["-c", script, "sh", upper, programs["take-opaque"], output], {
    env: hostEnvironment(host),
    ...(signal === undefined ? {} : { signal }),
  });
  const prefixLength = encodeName(upper).length + 1;
  return splitAtZeros(await readFile(output)).map((path) => decodeName(path.subarray(prefixLength)));
}

function splitAtZeros(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, end = bytes.indexOf(0); end !== -1; at = end + 1, end = bytes.indexOf(0, at)) {
    pieces.push(bytes.subarray(at, end));
  }
  return pieces;
}

/**
 * Removes what does not differ from the lower trees, children before their folders.
 * @param filledFolders folders that will get whiteouts, so that they are not empty
 * @returns the removed paths
 */
function dropUnchanged(
  upper: string,
  entries: readonly ListedEntry[],
  lowers: MergedLowers,
  filledFolders: ReadonlySet<string>,
): ReadonlySet<string> {
  const dropped = new Set<string>();
  for (const entry of entries.toReversed()) {
    const path = hostPath(upper, entry.path);
    const below = lowers.find(entry.path);
    if (entry.type === "d") {
      if (below === undefined || !isSameFolder(entry, below) || filledFolders.has(entry.path)) continue;
      if (readdirSync(path).length > 0) continue;
      rmdirSync(path);
    } else {
      const isNothing = entry.type === "c" ? below === undefined : isSameFile(path, entry, below);
      if (!isNothing) continue;
      unlinkSync(path);
    }
    dropped.add(entry.path);
  }
  return dropped;
}

function isSameFolder(entry: ListedEntry, below: LowerEntry): boolean {
  return below.stats.isDirectory() && modeOf(below.stats) === entry.mode;
}

/** A file with several names stays: dropping one of them would cut the others off from it. */
function isSameFile(path: string | Buffer, entry: ListedEntry, below: LowerEntry | undefined): boolean {
  if (below === undefined) return false;
  if (entry.type === "l") return below.stats.isSymbolicLink() && readlinkSync(path) === readlinkSync(below.path);
  if (entry.type !== "f" || !below.stats.isFile() || modeOf(below.stats) !== entry.mode) return false;
  const stats = lstatSync(path);
  return stats.nlink === 1 && stats.size === below.stats.size && hasSameContent(path, below.path);
}

function modeOf(stats: Stats): number {
  return stats.mode & 0o7777;
}

/** Whiteouts have no times of their own: the kernel lets several share one inode. */
function setTimes(upper: string, left: readonly ListedEntry[], seconds: number): void {
  for (const { path, type } of left) {
    if (type !== "c") lutimesSync(hostPath(upper, path), seconds, seconds);
  }
  lutimesSync(upper, seconds, seconds);
}

function isClosedFile({ type, mode }: ListedEntry): boolean {
  return type === "f" && (mode & 0o400) === 0;
}

function isClosedFolder({ type, mode }: ListedEntry): boolean {
  return type === "d" && (mode & 0o700) !== 0o700;
}

function depth(path: string): number {
  return path.split("/").length;
}
