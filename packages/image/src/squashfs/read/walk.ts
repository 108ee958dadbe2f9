import { decodeName } from "../../tree/name-codec.ts";
import { metadataReference } from "../layout.ts";
import { decodeListing, type DirectoryRecord } from "./directory.ts";
import { entryOf, type EntrySource, type SquashfsEntry } from "./entry.ts";
import { decodeInode } from "./decode-inode.ts";
import type { DirectoryInode, Inode } from "./inode.ts";
import type { SquashfsLimits } from "./limits.ts";
import { invalidImage, limitExceeded } from "./problems.ts";

// oxlint-disable-next-line no-control-regex -- the test is for the ASCII range
const ASCII_ONLY = /^[\u0000-\u007f]*$/;

/** A name as the program shows it, from a directory record's byte string. */
export function displayName(byteName: string): string {
  return ASCII_ONLY.test(byteName) ? byteName : decodeName(Buffer.from(byteName, "latin1"));
}

/** The path of a name in a directory; `""` is the root directory. */
export function joinPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/**
 * Decodes the inode that a directory record leads to.
 * @throws E_SQUASHFS_INVALID when it is not the inode the record announces
 */
export function inodeOfRecord(source: EntrySource, record: DirectoryRecord): Inode {
  const { inodes } = source.tables;
  const position = inodes.positionOf(record.inodeBlock, record.inodeOffset);
  const inode = decodeInode(inodes, position, source.reader.source.blockSizeBytes);
  if (inode.type === record.type && inode.inodeNumber === record.inodeNumber) return inode;
  throw inodes.invalid(
    record.inodeBlock,
    `${JSON.stringify(record.byteName)} announces inode ${record.inodeNumber} of type ${record.type}, ` +
      `found inode ${inode.inodeNumber} of type ${inode.type}`,
  );
}

/** Refuses directories that are reached twice, which includes loops, and listings that overlap. */
export class DirectoryGuard {
  readonly #source: EntrySource;
  readonly #seen = new Set<number>();
  #listingBytes = 0;

  constructor(source: EntrySource) {
    this.#source = source;
  }

  /** @throws E_SQUASHFS_INVALID when the directory, or its part of the directory table, was entered before */
  enter(reference: number, directory: DirectoryInode, path: string): void {
    const { label } = this.#source.reader.source.access;
    if (this.#seen.has(reference)) {
      throw invalidImage(label, 0, `the directory ${JSON.stringify(path)} is reached twice, perhaps in a loop`);
    }
    this.#seen.add(reference);
    this.#listingBytes += directory.listingBytes;
    if (this.#listingBytes > this.#source.tables.directories.bytes.length) {
      throw invalidImage(label, 0, "directory listings overlap");
    }
  }
}

interface OpenDirectory {
  readonly path: string;
  readonly records: readonly DirectoryRecord[];
  next: number;
}

/**
 * Walks a whole image: every directory before what it holds, names in the order of their bytes.
 * The second and further names of a file come as `hardlink` entries.
 * Memory: the listings of the open directories and the path of every file with several names.
 * @throws E_SQUASHFS_INVALID, E_LIMIT_EXCEEDED
 */
export async function* walkImage(
  source: EntrySource,
  root: { readonly inode: DirectoryInode; readonly reference: number },
  limits: SquashfsLimits,
  signal?: AbortSignal,
): AsyncGenerator<SquashfsEntry, void, undefined> {
  const { label } = source.reader.source.access;
  const guard = new DirectoryGuard(source);
  const firstPaths = new Map<number, string>();
  let contentBytes = 0;
  let entryCount = 0;
  guard.enter(root.reference, root.inode, "");
  yield entryOf(source, root.inode, "");
  const stack: OpenDirectory[] = [openDirectory(source, root.inode, "")];
  for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
    const record = open.records[open.next];
    if (record === undefined) {
      stack.pop();
      continue;
    }
    open.next += 1;
    signal?.throwIfAborted();
    entryCount += 1;
    if (entryCount > limits.entryCount) throw limitExceeded(label, "entryCount", limits.entryCount, entryCount);
    const inode = inodeOfRecord(source, record);
    const path = joinPath(open.path, displayName(record.byteName));
    const reference = metadataReference(record.inodeBlock, record.inodeOffset);
    const entry = entryOf(source, inode, path);
    const firstPath = firstPaths.get(reference);
    if (firstPath !== undefined) {
      const { content: _content, ...rest } = entry;
      yield { ...rest, type: "hardlink", sizeBytes: 0, linkTarget: firstPath };
      continue;
    }
    contentBytes += entry.sizeBytes;
    if (contentBytes > limits.contentBytes)
      throw limitExceeded(label, "contentBytes", limits.contentBytes, contentBytes);
    if (inode.kind !== "directory") {
      if (inode.linkCount > 1) firstPaths.set(reference, path);
      yield entry;
      continue;
    }
    guard.enter(reference, inode, path);
    if (stack.length > limits.depth) throw limitExceeded(label, "depth", limits.depth, stack.length);
    yield entry;
    stack.push(openDirectory(source, inode, path));
  }
}

function openDirectory(source: EntrySource, inode: DirectoryInode, path: string): OpenDirectory {
  return { path, records: decodeListing(source.tables.directories, inode), next: 0 };
}
