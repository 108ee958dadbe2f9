import { chmodSync, lchownSync, linkSync, lutimesSync, symlinkSync } from "node:fs";
import { AppError } from "@repo2singularity/base";
import type { TreeEntry } from "./entry.ts";
import type { NodeMaker, SpecialNode } from "./extract/node-maker.ts";
import { TargetFolder } from "./extract/target-folder.ts";
import { writeNewFile } from "./extract/write-file.ts";
import { encodeName, hasEscapedBytes } from "./name-codec.ts";
import { normalizePath } from "./normalize-path.ts";

/** How {@link extractTree} writes a tree. */
export interface ExtractTreeOptions {
  /** `keep` the owners that the entries state (needs root), or make everything `mine`. */
  readonly ownership: "keep" | "mine";
  /** Makes fifos, and devices when `devices` says so; without it they are skipped. See `createNodeMaker`. */
  readonly makeNodes?: NodeMaker;
  /** Which devices are made: `none`, only the `whiteouts` of overlays (0:0), or `all`; `none` when left out. */
  readonly devices?: "none" | "whiteouts" | "all";
  /** Sets extended attributes, for which Node has no call; without it they are skipped. */
  readonly setXattrs?: (files: readonly FileXattrs[]) => Promise<void>;
  /** What a tree may ask for; 10,000,000 entries and 16 TiB when left out. */
  readonly limits?: { readonly entryCount?: number; readonly totalBytes?: number };
  readonly signal?: AbortSignal;
}

/** Extended attributes of a file that was extracted. */
export interface FileXattrs {
  /** On this host. */
  readonly path: string | Buffer;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** What could not be made. */
export interface SkippedEntry {
  readonly path: string;
  readonly reason: "device" | "fifo" | "socket" | "xattrs";
}

/** What {@link extractTree} left out. */
export interface ExtractReport {
  readonly skipped: readonly SkippedEntry[];
}

/**
 * Writes a tree into a folder of this host.
 *
 * Nothing is written outside the folder, whatever the entries say and whatever waits in the folder: no symlink is
 * passed through or written through, hard links lead only to entries of the same tree that came before. Files that
 * are in the way are replaced, directories are merged. Modes and times are those of the entries, of directories too,
 * which are writable until everything in them is there. After an error the folder holds what was done so far.
 * Memory: a path for each entry and the attributes of each directory. Files are written synchronously.
 *
 * @throws E_PATH_ESCAPE for a path or link that leads out, E_TREE_INVALID for a tree that cannot be made here,
 * E_LIMIT_EXCEEDED, E_NO_SPACE
 */
export async function extractTree(
  entries: AsyncIterable<TreeEntry>,
  directory: string,
  options: ExtractTreeOptions,
): Promise<ExtractReport> {
  const extraction = new Extraction(new TargetFolder(directory), options);
  for await (const entry of entries) {
    options.signal?.throwIfAborted();
    try {
      await extraction.add(entry);
    } catch (error) {
      throw readableError(error, entry);
    }
  }
  await extraction.finish();
  return { skipped: extraction.skipped };
}

/** Entries between which others may run; the calls of an extraction are synchronous. */
const entriesPerTurn = 64;

class Extraction {
  readonly skipped: SkippedEntry[] = [];
  readonly #target: TargetFolder;
  readonly #options: ExtractTreeOptions;
  /** Everything made here that a hard link may lead to. */
  readonly #linkable = new Set<string>();
  readonly #directories = new Map<string, TreeEntry>();
  readonly #nodes: { readonly node: SpecialNode; readonly entry: TreeEntry }[] = [];
  readonly #xattrs: FileXattrs[] = [];
  #entryCount = 0;
  #totalBytes = 0;

  constructor(target: TargetFolder, options: ExtractTreeOptions) {
    this.#target = target;
    this.#options = options;
  }

  async add(entry: TreeEntry): Promise<void> {
    if (normalizePath(entry.path, "tree") !== entry.path) {
      throw new AppError("E_PATH_ESCAPE", `${JSON.stringify(entry.path)}: not a relative path`);
    }
    this.#checkLimits(entry);
    if (this.#entryCount % entriesPerTurn === 0) await new Promise(setImmediate);
    if (entry.path === "" && entry.type !== "directory") {
      throw new AppError("E_TREE_INVALID", `the root of the tree is a ${entry.type}`);
    }
    this.#target.ensureParent(entry.path);
    if (entry.path !== "") this.#target.clear(entry.path, entry.type === "directory");
    await this.#make(entry);
  }

  async #make(entry: TreeEntry): Promise<void> {
    const path = this.#target.pathOf(entry.path);
    this.#directories.delete(entry.path);
    this.#linkable.delete(entry.path);
    switch (entry.type) {
      case "directory":
        this.#target.ensureDirectory(entry.path);
        this.#directories.set(entry.path, entry);
        return;
      case "hardlink":
        linkSync(this.#linkTarget(entry), path);
        this.#linkable.add(entry.path);
        return;
      case "file":
        await writeNewFile(path, entry);
        break;
      case "symlink":
        symlinkSync(encodeName(entry.linkTarget ?? ""), path);
        break;
      default:
        this.#planNode(entry, path);
        return;
    }
    this.#linkable.add(entry.path);
    this.#setAttributes(entry);
  }

  /** Makes devices and fifos, then gives directories their attributes, the deepest first. */
  async finish(): Promise<void> {
    const { makeNodes, setXattrs, signal } = this.#options;
    if (this.#nodes.length > 0) {
      await makeNodes?.(
        this.#nodes.map(({ node }) => node),
        signal,
      );
      for (const { entry } of this.#nodes) this.#setAttributes(entry);
    }
    const deepestFirst = [...this.#directories.values()].sort((a, b) => b.path.length - a.path.length);
    for (const entry of deepestFirst) this.#noteXattrs(entry);
    if (this.#xattrs.length > 0) await setXattrs?.(this.#xattrs);
    for (const entry of deepestFirst) this.#setAttributes(entry, { withXattrs: false });
  }

  #checkLimits(entry: TreeEntry): void {
    const entryCount = this.#options.limits?.entryCount ?? 10_000_000;
    const totalBytes = this.#options.limits?.totalBytes ?? 16 * 2 ** 40;
    this.#entryCount++;
    this.#totalBytes += entry.sizeBytes;
    if (this.#entryCount > entryCount || this.#totalBytes > totalBytes) {
      throw new AppError(
        "E_LIMIT_EXCEEDED",
        `${entry.path}: the tree has more than ${entryCount} entries or ${totalBytes} bytes`,
      );
    }
  }

  #linkTarget(entry: TreeEntry): string | Buffer {
    const target = entry.linkTarget ?? "";
    if (normalizePath(target, entry.path) === target && this.#linkable.has(target)) return this.#target.pathOf(target);
    throw new AppError("E_PATH_ESCAPE", `${entry.path}: a hard link to ${target}, which did not come before it`);
  }

  #planNode(entry: TreeEntry, path: string | Buffer): void {
    const { type, device = { major: 0, minor: 0 } } = entry;
    if (type !== "char" && type !== "block" && type !== "fifo") {
      this.skipped.push({ path: entry.path, reason: "socket" });
      return;
    }
    const isWhiteout = type === "char" && device.major === 0 && device.minor === 0;
    const devices = this.#options.devices ?? "none";
    const isAllowed = type === "fifo" || devices === "all" || (devices === "whiteouts" && isWhiteout);
    if (!isAllowed || this.#options.makeNodes === undefined || hasEscapedBytes(entry.path)) {
      this.skipped.push({ path: entry.path, reason: type === "fifo" ? "fifo" : "device" });
      return;
    }
    this.#nodes.push({ node: { path: path.toString(), type, mode: entry.mode, ...device }, entry });
  }

  /** The owner first, because a change of it clears the set-user-id bits. */
  #setAttributes(entry: TreeEntry, { withXattrs }: { readonly withXattrs: boolean } = { withXattrs: true }): void {
    const path = this.#target.pathOf(entry.path);
    if (this.#options.ownership === "keep") lchownSync(path, entry.uid, entry.gid);
    if (entry.type !== "symlink") chmodSync(path, entry.mode);
    if (withXattrs) this.#noteXattrs(entry);
    lutimesSync(path, entry.mtimeSeconds, entry.mtimeSeconds);
  }

  #noteXattrs(entry: TreeEntry): void {
    if (entry.xattrs === undefined || entry.xattrs.size === 0) return;
    if (this.#options.setXattrs === undefined) this.skipped.push({ path: entry.path, reason: "xattrs" });
    else this.#xattrs.push({ path: this.#target.pathOf(entry.path), xattrs: entry.xattrs });
  }
}

/** Errors of the system with the entry that they are about. */
function readableError(error: unknown, entry: TreeEntry): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return new AppError("E_NO_SPACE", `${entry.path}: no space left`, { cause: error });
  }
  const hint = error.code === "EPERM" ? { hint: "unpack with your own ownership, or as root" } : {};
  return new AppError("E_TREE_INVALID", `${entry.path}: ${error.message}`, { cause: error, ...hint });
}
