import { setImmediate as nextTurn } from "node:timers/promises";
import type { RandomAccess } from "../../access/random-access.ts";
import { METADATA_BLOCK_BYTES, METADATA_HEADER_BYTES, METADATA_STORED_FLAG } from "../layout.ts";
import type { BlockDecompressor } from "./decompress.ts";
import { invalidImage, limitExceeded } from "./problems.ts";
import { readExactly, viewOf } from "./read-exactly.ts";

/** Other work gets a turn after so many blocks (about 40 ms). */
const BLOCKS_PER_TURN = 512;

/** What every metadata reader needs of an image. */
export interface MetadataSource {
  readonly access: RandomAccess;
  readonly decompressor: BlockDecompressor;
  /** The most one uncompressed table may have, in bytes. */
  readonly metadataBytes: number;
}

/** Where a run of metadata blocks lies in the image. */
export interface MetadataRegion {
  /** Address of the first block's header. */
  readonly start: number;
  /** Address behind the last block. */
  readonly end: number;
  /** "inode table", for errors. */
  readonly what: string;
}

/** One table, uncompressed in memory. */
export class MetadataTable {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly blockCount: number;
  readonly #label: string;
  readonly #region: MetadataRegion;
  readonly #starts: ReadonlyMap<number, number>;

  /** @param starts position in `bytes` of each block, by the block's offset from the table's start */
  constructor(label: string, region: MetadataRegion, bytes: Buffer, starts: ReadonlyMap<number, number>) {
    this.#label = label;
    this.#region = region;
    this.#starts = starts;
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.blockCount = starts.size;
  }

  /**
   * The position in `bytes` of a metadata reference.
   * @param block offset of a block's header from the table's start
   * @param offset inside that uncompressed block, below 8192
   * @throws E_SQUASHFS_INVALID when no block begins there or the table ends before the position
   */
  positionOf(block: number, offset: number): number {
    const start = this.#starts.get(block);
    if (start === undefined || offset >= METADATA_BLOCK_BYTES || start + offset > this.bytes.length) {
      throw this.invalid(block, `reference ${block}:${offset} points outside the ${this.#region.what}`);
    }
    return start + offset;
  }

  /**
   * Makes sure that bytes are there.
   * @throws E_SQUASHFS_INVALID when the table ends inside `what`
   */
  need(position: number, byteCount: number, what: string): void {
    if (position + byteCount <= this.bytes.length) return;
    throw this.invalid(0, `${what} at position ${position} runs past the end of the ${this.#region.what}`);
  }

  /** @param block offset from the table's start, for the byte offset in the message */
  invalid(block: number, problem: string): Error {
    return invalidImage(this.#label, this.#region.start + block, problem);
  }
}

/**
 * Reads and unpacks all blocks of a table.
 * Memory: the compressed and the uncompressed table at once, each at most `source.metadataBytes`.
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED
 * Source: squashfs 4.0 format, "metadata blocks"
 */
export async function readMetadataTable(source: MetadataSource, region: MetadataRegion): Promise<MetadataTable> {
  const { access } = source;
  const packedBytes = region.end - region.start;
  if (packedBytes > source.metadataBytes) {
    throw limitExceeded(access.label, "metadataBytes", source.metadataBytes, packedBytes);
  }
  const packed = await readExactly(access, region.start, packedBytes, `the ${region.what}`);
  const blockCount = countBlocks(access.label, region, packed);
  const mostBytes = blockCount * METADATA_BLOCK_BYTES;
  if (mostBytes > source.metadataBytes) {
    throw limitExceeded(access.label, "metadataBytes", source.metadataBytes, mostBytes);
  }
  const bytes = Buffer.alloc(mostBytes);
  const starts = new Map<number, number>();
  let filled = 0;
  for (let offset = 0; offset < packed.length;) {
    const block = unpackBlock(source, packed, offset, region.start);
    starts.set(offset, filled);
    bytes.set(block.bytes, filled);
    filled += block.bytes.length;
    offset = block.next;
    if (starts.size % BLOCKS_PER_TURN === 0) await nextTurn();
  }
  return new MetadataTable(access.label, region, bytes.subarray(0, filled), starts);
}

/**
 * Reads one metadata block.
 * @param address bytes from the start of the image; must be the address of a block header
 * @returns at most 8192 bytes, owned by the caller
 * @throws E_SQUASHFS_TRUNCATED when the image ends inside the block
 */
export async function readMetadataBlock(source: MetadataSource, address: number, what: string): Promise<Uint8Array> {
  const { access } = source;
  const longest = METADATA_HEADER_BYTES + METADATA_BLOCK_BYTES;
  const available = Math.max(METADATA_HEADER_BYTES, Math.min(longest, access.sizeBytes - address));
  const packed = await readExactly(access, address, available, what);
  return unpackBlock(source, packed, 0, address).bytes;
}

function countBlocks(label: string, region: MetadataRegion, packed: Uint8Array): number {
  const view = viewOf(packed);
  let count = 0;
  for (let offset = 0; offset < packed.length; count += 1) {
    offset += METADATA_HEADER_BYTES + storedSize(label, view, offset, region.start);
  }
  return count;
}

/**
 * Unpacks the block whose header lies at a position of a packed table.
 * @param start address in the image of the packed bytes, for errors
 * @returns its content, and the position behind it
 * @throws E_SQUASHFS_INVALID
 */
export function unpackBlock(
  source: MetadataSource,
  packed: Uint8Array,
  offset: number,
  start: number,
): { readonly bytes: Uint8Array; readonly next: number } {
  const { label } = source.access;
  const view = viewOf(packed);
  const size = storedSize(label, view, offset, start);
  const isStored = (view.getUint16(offset, true) & METADATA_STORED_FLAG) !== 0;
  const next = offset + METADATA_HEADER_BYTES + size;
  const content = packed.subarray(offset + METADATA_HEADER_BYTES, next);
  if (isStored) return { bytes: content, next };
  try {
    return { bytes: source.decompressor.decompressSync(content, METADATA_BLOCK_BYTES), next };
  } catch (cause) {
    throw invalidImage(label, start + offset, "a metadata block does not decompress", cause);
  }
}

/**
 * The size of a block behind its header, both inside the packed bytes.
 * @throws E_SQUASHFS_INVALID
 */
export function storedSize(label: string, view: DataView, offset: number, start: number): number {
  if (offset + METADATA_HEADER_BYTES > view.byteLength) {
    throw invalidImage(label, start + offset, "a metadata block's header runs past the end of its table");
  }
  const size = view.getUint16(offset, true) & (METADATA_STORED_FLAG - 1);
  if (size === 0 || size > METADATA_BLOCK_BYTES) {
    throw invalidImage(
      label,
      start + offset,
      `a metadata block has ${size} bytes, expected 1 to ${METADATA_BLOCK_BYTES}`,
    );
  }
  if (offset + METADATA_HEADER_BYTES + size > view.byteLength) {
    throw invalidImage(label, start + offset, `a metadata block of ${size} bytes runs past the end of its table`);
  }
  return size;
}
