import { openFileAccess, type FileWindow, type RandomAccess } from "../access/random-access.ts";
import { referenceBlock, referenceOffset } from "./layout.ts";
import { BlockReader } from "./read/block-reader.ts";
import { blockDecompressor } from "./read/decompress.ts";
import { decodeListing } from "./read/directory.ts";
import { entryOf, type EntrySource, type SquashfsEntry } from "./read/entry.ts";
import { streamFile, type FileRange } from "./read/file-content.ts";
import { decodeInode } from "./read/decode-inode.ts";
import type { DirectoryInode } from "./read/inode.ts";
import { defaultSquashfsLimits, type SquashfsLimits } from "./read/limits.ts";
import { findPath, type Found } from "./read/lookup.ts";
import type { MetadataSource } from "./read/metadata-table.ts";
import { limitExceeded } from "./read/problems.ts";
import { readDataStart, readSuperblock, type Superblock } from "./read/superblock.ts";
import { readTables, type ImageTables } from "./read/tables.ts";
import { displayName, inodeOfRecord, joinPath, walkImage } from "./read/walk.ts";

/** How far to look for a path. */
export interface LookupOptions {
  /** Whether symbolic links are followed, inside the image; `false` when left out. */
  readonly followLinks?: boolean;
}

/** Limits that are not given are those of `defaultSquashfsLimits`. */
export interface OpenOptions extends FileWindow {
  readonly limits?: Partial<SquashfsLimits>;
}

/** What is needed to read everything of an image. */
export interface LoadedImage extends EntrySource {
  readonly tables: ImageTables;
  readonly reader: BlockReader;
  readonly root: { readonly inode: DirectoryInode; readonly reference: number };
}

/**
 * An open squashfs 4.0 image. Reads may run at the same time.
 *
 * The tables are read when first needed and kept until the image is closed (about 100 bytes per entry).
 * Everything throws E_SQUASHFS_INVALID or E_SQUASHFS_TRUNCATED on damage, with the byte offset, and
 * E_LIMIT_EXCEEDED on what goes beyond the limits.
 */
export class SquashfsImage implements AsyncDisposable {
  readonly access: RandomAccess;
  readonly superblock: Superblock;
  /** Where the data blocks begin, in bytes from the image's start. */
  readonly dataStart: number;
  readonly limits: SquashfsLimits;
  /** What readers of single tables need; throws nothing by itself. */
  readonly metadataSource: MetadataSource;
  #loaded: Promise<LoadedImage> | undefined;

  constructor(access: RandomAccess, superblock: Superblock, dataStart: number, limits: SquashfsLimits) {
    this.access = access;
    this.superblock = superblock;
    this.dataStart = dataStart;
    this.limits = limits;
    const decompressor = blockDecompressor(superblock.compressor, access.label);
    this.metadataSource = { access, decompressor, metadataBytes: limits.metadataBytes };
  }

  /** The tables, read once; for code that works on the format itself. */
  load(): Promise<LoadedImage> {
    return (this.#loaded ??= this.#load());
  }

  /**
   * Walks the whole image: every directory before what it holds, names in the order of their bytes; the root first.
   * Further names of a file come as `hardlink` entries.
   */
  async *entries(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<SquashfsEntry, void, undefined> {
    const loaded = await this.load();
    yield* walkImage(loaded, loaded.root, this.limits, options.signal);
  }

  /**
   * The entry at a path.
   * @param path relative or absolute; `""` is the root directory
   * @returns `undefined` when there is none
   */
  async lookup(path: string, options: LookupOptions = {}): Promise<SquashfsEntry | undefined> {
    const found = await this.#find(path, options.followLinks ?? false);
    return found === undefined ? undefined : entryOf(await this.load(), found.inode, found.path);
  }

  /**
   * What a directory holds, in the order of the names' bytes; links of a directory's path are followed.
   * @returns `undefined` when there is no directory at that path
   */
  async list(path: string): Promise<SquashfsEntry[] | undefined> {
    const found = await this.#find(path, true);
    if (found?.inode.kind !== "directory") return undefined;
    const loaded = await this.load();
    return decodeListing(loaded.tables.directories, found.inode).map((record) =>
      entryOf(loaded, inodeOfRecord(loaded, record), joinPath(found.path, displayName(record.byteName))),
    );
  }

  /**
   * A file's bytes, or a part of them, in memory; links are followed inside the image.
   * @returns `undefined` when there is no file at that path
   * @throws E_LIMIT_EXCEEDED when more than 1 GiB would come; stream such files
   */
  async readFile(path: string, range: FileRange = {}): Promise<Uint8Array | undefined> {
    const found = await this.#find(path, true);
    if (found?.inode.kind !== "file") return undefined;
    const rest = Math.max(0, found.inode.fileSize - (range.offset ?? 0));
    const length = Math.min(rest, range.length ?? rest);
    if (length > MAX_READ_BYTES) throw limitExceeded(this.access.label, "bytes in memory", MAX_READ_BYTES, length);
    const { reader, tables } = await this.load();
    const chunks: Uint8Array[] = [];
    for await (const chunk of streamFile(reader, tables.inodes, found.inode, range)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Closes what the image is read from; entries' contents cannot be read after it. */
  close(): Promise<void> {
    return this.access.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #find(path: string, followLinks: boolean): Promise<Found | undefined> {
    const loaded = await this.load();
    return findPath(loaded, loaded.root.inode, path, followLinks);
  }

  async #load(): Promise<LoadedImage> {
    const { superblock, access } = this;
    const tables = await readTables(this.metadataSource, superblock);
    const { blockSizeBytes, rootInode: reference, inodeTable: dataEnd } = superblock;
    const { decompressor } = this.metadataSource;
    const reader = new BlockReader({ access, decompressor, blockSizeBytes, dataEnd, fragments: tables.fragments });
    const position = tables.inodes.positionOf(referenceBlock(reference), referenceOffset(reference));
    const inode = decodeInode(tables.inodes, position, blockSizeBytes);
    if (inode.kind !== "directory") throw tables.inodes.invalid(0, `the root is a ${inode.kind}, not a directory`);
    return { tables, reader, root: { inode, reference } };
  }
}

const MAX_READ_BYTES = 2 ** 30;

/**
 * Opens a squashfs image in a file, or at a window of a file such as a SIF partition.
 * @returns an image that must be closed
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED when it is no sound image
 * @throws E_SQUASHFS_COMPRESSOR when it is compressed with what Node cannot unpack
 * @example
 * await using image = await openSquashfs("root.sqfs");
 * const release = await image.readFile("etc/os-release");
 */
export async function openSquashfs(path: string, options: OpenOptions = {}): Promise<SquashfsImage> {
  const access = await openFileAccess(path, options);
  try {
    return await openSquashfsFrom(access, options.limits);
  } catch (error) {
    await access.close();
    throw error;
  }
}

/**
 * Opens a squashfs image in any source; the image's `close` closes the source.
 * When it throws, the source is still open.
 */
export async function openSquashfsFrom(
  access: RandomAccess,
  limits: Partial<SquashfsLimits> = {},
): Promise<SquashfsImage> {
  const superblock = await readSuperblock(access);
  const dataStart = await readDataStart(access, superblock);
  return new SquashfsImage(access, superblock, dataStart, { ...defaultSquashfsLimits, ...limits });
}
