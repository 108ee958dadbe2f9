import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { AppError } from "@repo2singularity/base";
import type { TreeEntry } from "../tree/entry.ts";
import { readHostFile } from "../tree/walk-directory.ts";
import type { ExtentCache } from "./extent-cache.ts";
import { DEFAULT_BLOCK_SIZE_BYTES, IMAGE_PADDING_BYTES, MAX_BLOCK_SIZE_BYTES, MIN_BLOCK_SIZE_BYTES } from "./layout.ts";
import { defaultLevels, maxLevels, type BlockCompression, type Compression } from "./write/block-codec.ts";
import { BlockQueue } from "./write/block-queue.ts";
import { FilePacker } from "./write/file-packer.ts";
import { FragmentPacker } from "./write/fragment-packer.ts";
import { OutputFile, type FilePlace } from "./write/output-file.ts";
import { encodeCompressorOptions, encodeSuperblock } from "./write/superblock-encoder.ts";
import { appendTables } from "./write/table-appender.ts";
import { TreeModel } from "./write/tree-model.ts";
import { buildTreeTables } from "./write/tree-tables.ts";
import { superblockLayout } from "./layout.ts";

/** How an image is written. */
export interface WriteSquashfsOptions {
  readonly compression: Compression;
  /** zstd 1 to 22, 3 when left out; gzip 1 to 9, 6 when left out. */
  readonly level?: number;
  /** A power of two from 4096 to 1048576; 131072 when left out. */
  readonly blockSizeBytes?: number;
  /** Time of the image itself and of directories that no entry describes, in seconds; 0 when left out. */
  readonly mtimeSeconds?: number;
  /**
   * Blocks that are compressed at the same time, at least 1, on libuv's pool of threads; when left out, enough that
   * no core waits, at most 32. The image does not depend on it.
   */
  readonly compressorCount?: number;
  /** Where compressed blocks of files that were packed before can be copied from. */
  readonly extentCache?: ExtentCache;
  readonly signal?: AbortSignal;
}

/** What {@link packSquashfs} wrote. */
export interface PackedSquashfs {
  readonly sizeBytes: number;
  readonly inodeCount: number;
  /** Names of extended attributes that the format cannot hold (all but `user.`, `trusted.`, `security.`). */
  readonly droppedXattrNames: readonly string[];
}

/** What {@link writeSquashfs} wrote. */
export interface WrittenSquashfs extends PackedSquashfs {
  /** sha256 of the file, 64 hexadecimal digits. */
  readonly digestHex: string;
}

/** Bytes of blocks that wait to be compressed or for their turn to be written. */
const queueBytes = 24 * 2 ** 20;

/** More would wait for the one thread that feeds them. */
const maxCompressors = 32;

/**
 * Writes a squashfs 4.0 image and takes its digest; see {@link packSquashfs}, which leaves the digest out.
 *
 * The digest is taken by reading the file once more, because its first bytes are known last.
 */
export async function writeSquashfs(
  entries: AsyncIterable<TreeEntry>,
  path: string,
  options: WriteSquashfsOptions,
): Promise<WrittenSquashfs> {
  const packed = await packSquashfs(entries, path, options);
  const digest = createHash("sha256");
  for await (const chunk of readHostFile(path, packed.sizeBytes)) {
    options.signal?.throwIfAborted();
    digest.update(chunk);
  }
  return { ...packed, digestHex: digest.digest("hex") };
}

/**
 * Writes a squashfs 4.0 image from a stream of entries.
 *
 * Parents that are missing are made (0755, root); of entries with the same path the last one counts. Equal contents
 * are stored once. The image depends on the entries, their order and the options alone, not on the machine or the
 * number of cores. The file is written in place, to be renamed by the caller; after an error it is worthless.
 * Memory: 24 MiB of blocks (at least 16 blocks), 8 open fragment blocks, 10 MiB of output, for each block that is
 * compressed at the same time a compressor with its input window and 256 KiB of output, and about 800 bytes for each
 * entry.
 *
 * @param target path of the image, where a file that is there is overwritten; or a place in an open file, where no
 * extents are recorded, because that file has no name of its own yet
 * @throws E_USAGE for a level or block size out of range, E_TREE_INVALID for what no image can hold,
 * E_SQUASHFS_TOO_MANY_IDS, E_NO_SPACE
 * Source: squashfs 4.0 format as in the kernel's `fs/squashfs`
 * @example
 * await packSquashfs(readTar(createReadStream("root.tar")), "root.sqfs", { compression: "zstd" });
 */
export async function packSquashfs(
  entries: AsyncIterable<TreeEntry>,
  target: string | FilePlace,
  options: WriteSquashfsOptions,
): Promise<PackedSquashfs> {
  const blockSizeBytes = checkedBlockSize(options.blockSizeBytes ?? DEFAULT_BLOCK_SIZE_BYTES);
  const blockCompression = checkedCompression(options.compression, options.level);
  const output = await OutputFile.create(target);
  const compressorCount = Math.max(
    1,
    options.compressorCount ?? Math.min(maxCompressors, 2 * availableParallelism() + 2),
  );
  const queue = new BlockQueue(
    { blockSizeBytes, blockCompression, compressorCount, memoryBytes: queueBytes },
    (pieces) => output.appendAll(pieces),
  );
  const fragments = new FragmentPacker(queue, blockSizeBytes);
  const { extentCache, signal } = options;
  const files = new FilePacker({ queue, output, fragments, blockSizeBytes, blockCompression, extentCache, signal });
  try {
    output.append(Buffer.alloc(superblockLayout.sizeBytes));
    output.append(encodeCompressorOptions(blockCompression));
    const model = await packEntries(entries, { files, output, options });
    await fragments.finish();
    await queue.drain();
    const packed = await writeTables({ model, output, fragments, blockSizeBytes, blockCompression, options });
    if (typeof target === "string") extentCache?.record(target, files.recordedExtents());
    return packed;
  } catch (error) {
    await output.abandon();
    throw error;
  } finally {
    files.close();
    queue.close();
  }
}

async function packEntries(
  entries: AsyncIterable<TreeEntry>,
  parts: { readonly files: FilePacker; readonly output: OutputFile; readonly options: WriteSquashfsOptions },
): Promise<TreeModel> {
  const { files, output, options } = parts;
  const model = new TreeModel(options.mtimeSeconds ?? 0);
  for await (const entry of entries) {
    options.signal?.throwIfAborted();
    const data = entry.type === "file" ? (files.tryPackNow(entry) ?? (await files.pack(entry))) : undefined;
    model.add(entry, data);
    if (output.isBehind) await output.settle();
  }
  return model;
}

async function writeTables(parts: {
  readonly model: TreeModel;
  readonly output: OutputFile;
  readonly fragments: FragmentPacker;
  readonly blockSizeBytes: number;
  readonly blockCompression: BlockCompression;
  readonly options: WriteSquashfsOptions;
}): Promise<PackedSquashfs> {
  const { model, output, fragments, blockSizeBytes, blockCompression, options } = parts;
  const tables = buildTreeTables(model.root, blockCompression);
  const places = appendTables(output, tables, fragments.rows, blockCompression);
  const bytesUsed = output.position;
  output.append(Buffer.alloc((IMAGE_PADDING_BYTES - (bytesUsed % IMAGE_PADDING_BYTES)) % IMAGE_PADDING_BYTES));
  const sizeBytes = output.position;
  const superblock = encodeSuperblock({
    ...places,
    inodeCount: tables.inodeCount,
    mtimeSeconds: Math.min(0xffff_ffff, Math.max(0, Math.floor(options.mtimeSeconds ?? 0))),
    blockSizeBytes,
    fragmentCount: fragments.rows.length,
    compression: blockCompression.compression,
    idCount: tables.ids.count,
    rootReference: tables.rootReference,
    bytesUsed,
  });
  await output.finish(superblock);
  return { sizeBytes, inodeCount: tables.inodeCount, droppedXattrNames: tables.xattrs.droppedNames };
}

function checkedBlockSize(blockSizeBytes: number): number {
  const isPowerOfTwo = Number.isInteger(Math.log2(blockSizeBytes));
  if (!isPowerOfTwo || blockSizeBytes < MIN_BLOCK_SIZE_BYTES || blockSizeBytes > MAX_BLOCK_SIZE_BYTES) {
    throw new AppError("E_USAGE", `block size ${blockSizeBytes}: a power of two from 4096 to 1048576 expected`);
  }
  return blockSizeBytes;
}

function checkedCompression(compression: Compression, level: number | undefined): BlockCompression {
  const chosen = level ?? defaultLevels[compression];
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > maxLevels[compression]) {
    throw new AppError("E_USAGE", `${compression} level ${chosen}: 1 to ${maxLevels[compression]} expected`);
  }
  return { compression, level: chosen };
}
