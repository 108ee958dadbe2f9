import { METADATA_BLOCK_BYTES, METADATA_HEADER_BYTES } from "../layout.ts";
import { invalidImage } from "./problems.ts";
import { type MetadataRegion, type MetadataSource, MetadataTable, storedSize, unpackBlock } from "./metadata-table.ts";
import { readExactly, viewOf } from "./read-exactly.ts";

/** A table whose blocks stay compressed but for those that are asked for. */
export class PackedTable {
  readonly #source: MetadataSource;
  readonly #region: MetadataRegion;
  readonly #packed: Uint8Array;
  /** Where each block's header lies in the table, in order. */
  readonly #offsets: readonly number[];

  private constructor(source: MetadataSource, region: MetadataRegion, packed: Uint8Array) {
    const offsets: number[] = [];
    const view = viewOf(packed);
    for (let offset = 0; offset < packed.length;) {
      offsets.push(offset);
      offset += METADATA_HEADER_BYTES + storedSize(source.access.label, view, offset, region.start);
    }
    this.#source = source;
    this.#region = region;
    this.#packed = packed;
    this.#offsets = offsets;
  }

  /**
   * Reads a table as it is stored.
   * Memory: the compressed table.
   * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED
   */
  static async read(source: MetadataSource, region: MetadataRegion): Promise<PackedTable> {
    const packed = await readExactly(source.access, region.start, region.end - region.start, `the ${region.what}`);
    return new PackedTable(source, region, packed);
  }

  /**
   * Unpacks the blocks that hold a stretch.
   * @param block offset of the first block's header from the table's start
   * @param offset inside that uncompressed block
   * @param byteCount bytes wanted; fewer are there when the table ends before
   * @returns a table that knows references into these blocks only
   * @throws E_SQUASHFS_INVALID
   */
  window(block: number, offset: number, byteCount: number): MetadataTable {
    const starts = new Map<number, number>();
    const parts: Uint8Array[] = [];
    let filled = 0;
    for (let at = block; at < this.#packed.length && filled < offset + byteCount;) {
      const { bytes, next } = unpackBlock(this.#source, this.#packed, at, this.#region.start);
      starts.set(at, filled);
      parts.push(bytes);
      filled += bytes.length;
      at = next;
    }
    return new MetadataTable(this.#source.access.label, this.#region, Buffer.concat(parts), starts);
  }

  /**
   * The table taken apart so that it can go on: whole blocks as they are stored, and the content of a last one that is
   * not full.
   * @throws E_SQUASHFS_INVALID
   */
  split(): { readonly blocks: Buffer; readonly rest: Uint8Array } {
    const last = this.#offsets.at(-1);
    const whole = Buffer.from(this.#packed.buffer, this.#packed.byteOffset, this.#packed.length);
    if (last === undefined) return { blocks: whole, rest: new Uint8Array() };
    const { bytes, next } = unpackBlock(this.#source, this.#packed, last, this.#region.start);
    if (next !== this.#packed.length || bytes.length > METADATA_BLOCK_BYTES) {
      throw invalidImage(this.#source.access.label, this.#region.start + last, "the last block of a table is no block");
    }
    const isFull = bytes.length === METADATA_BLOCK_BYTES;
    return isFull ? { blocks: whole, rest: new Uint8Array() } : { blocks: whole.subarray(0, last), rest: bytes };
  }
}
