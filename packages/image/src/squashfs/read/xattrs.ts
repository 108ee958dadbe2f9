import {
  referenceBlock,
  referenceOffset,
  XATTR_OUT_OF_LINE_FLAG,
  XATTR_REFERENCE_BYTES,
  xattrIdLayout,
  xattrNameLayout,
  xattrPrefixes,
  xattrTableLayout,
  xattrValueLayout,
} from "../layout.ts";
import { readIndirectTable, type IndirectTable } from "./indirect-table.ts";
import { readMetadataTable, type MetadataSource, type MetadataTable } from "./metadata-table.ts";
import { invalidImage } from "./problems.ts";
import { readExactly, readU64, viewOf } from "./read-exactly.ts";

/** One set of extended attributes: full names to values. */
export type XattrSet = ReadonlyMap<string, Uint8Array>;

/** All sets of an image, decoded when asked for and then kept. */
export class XattrTable {
  readonly setCount: number;
  readonly #ids: IndirectTable;
  readonly #pairs: MetadataTable;
  readonly #label: string;
  readonly #decoded = new Map<number, XattrSet>();
  #decodedBytes = 0;

  constructor(label: string, ids: IndirectTable, pairs: MetadataTable) {
    this.#label = label;
    this.#ids = ids;
    this.#pairs = pairs;
    this.setCount = ids.entryCount;
  }

  /**
   * The set of an inode's xattr index.
   * @throws E_SQUASHFS_INVALID when there is no such set or it is damaged
   */
  set(index: number): XattrSet {
    const known = this.#decoded.get(index);
    if (known !== undefined) return known;
    if (index >= this.setCount) {
      throw invalidImage(this.#label, 0, `an inode uses xattr set ${index}, the image has ${this.setCount}`);
    }
    const decoded = this.#decode(index * xattrIdLayout.sizeBytes);
    this.#decoded.set(index, decoded);
    return decoded;
  }

  #decode(idPosition: number): XattrSet {
    const reference = readU64(this.#ids.view, idPosition + xattrIdLayout.reference);
    const pairCount = this.#ids.view.getUint32(idPosition + xattrIdLayout.pairCount, true);
    const set = new Map<string, Uint8Array>();
    const start = this.#pairs.positionOf(referenceBlock(reference), referenceOffset(reference));
    let position = start;
    for (let index = 0; index < pairCount; index += 1) {
      const name = this.#readName(position);
      const value = this.#readValue(name.end, name.isOutOfLine);
      set.set(name.text, value.bytes);
      position = value.end;
    }
    // sets never overlap in a sound image; in a bomb they do, and decoding them all would fill the memory
    this.#decodedBytes += position - start;
    if (this.#decodedBytes > this.#pairs.bytes.length) throw this.#pairs.invalid(0, "xattr sets overlap");
    return set;
  }

  #readName(position: number): { readonly text: string; readonly isOutOfLine: boolean; readonly end: number } {
    const pairs = this.#pairs;
    pairs.need(position, xattrNameLayout.sizeBytes, "an xattr name");
    const type = pairs.view.getUint16(position + xattrNameLayout.type, true);
    const prefix = xattrPrefixes[type & ~XATTR_OUT_OF_LINE_FLAG];
    if (prefix === undefined) throw pairs.invalid(0, `an xattr has the unknown prefix ${type}`);
    const nameBytes = pairs.view.getUint16(position + xattrNameLayout.nameSize, true);
    const start = position + xattrNameLayout.sizeBytes;
    pairs.need(start, nameBytes, "an xattr name");
    return {
      text: prefix + pairs.bytes.toString("utf8", start, start + nameBytes),
      isOutOfLine: (type & XATTR_OUT_OF_LINE_FLAG) !== 0,
      end: start + nameBytes,
    };
  }

  #readValue(position: number, isOutOfLine: boolean): { readonly bytes: Uint8Array; readonly end: number } {
    const inline = this.#sliceValue(position);
    if (!isOutOfLine) return inline;
    if (inline.bytes.length !== XATTR_REFERENCE_BYTES) {
      throw this.#pairs.invalid(0, `an out-of-line xattr has a reference of ${inline.bytes.length} bytes`);
    }
    const reference = readU64(viewOf(inline.bytes), 0);
    const target = this.#pairs.positionOf(referenceBlock(reference), referenceOffset(reference));
    return { bytes: this.#sliceValue(target).bytes, end: inline.end };
  }

  #sliceValue(position: number): { readonly bytes: Uint8Array; readonly end: number } {
    this.#pairs.need(position, xattrValueLayout.sizeBytes, "an xattr value");
    const size = this.#pairs.view.getUint32(position + xattrValueLayout.valueSize, true);
    const start = position + xattrValueLayout.sizeBytes;
    this.#pairs.need(start, size, "an xattr value");
    return { bytes: this.#pairs.bytes.subarray(start, start + size), end: start + size };
  }
}

/**
 * Reads the xattr sets of an image.
 * @param address the superblock's xattr table address
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED
 * Source: squashfs 4.0 format, "xattr table"
 */
export async function readXattrTable(source: MetadataSource, address: number): Promise<XattrTable> {
  const { access } = source;
  const header = viewOf(await readExactly(access, address, xattrTableLayout.sizeBytes, "the xattr table"));
  const pairsStart = readU64(header, xattrTableLayout.pairsStart);
  const ids = await readIndirectTable(source, {
    address: address + xattrTableLayout.sizeBytes,
    entryCount: header.getUint32(xattrTableLayout.idCount, true),
    entryBytes: xattrIdLayout.sizeBytes,
    what: "xattr table",
  });
  const end = ids.entryCount === 0 ? address : ids.firstBlock;
  if (pairsStart > end) {
    throw invalidImage(access.label, address, `the xattr pairs begin at ${pairsStart}, behind their table`);
  }
  const pairs = await readMetadataTable(source, { start: pairsStart, end, what: "xattr pairs" });
  return new XattrTable(access.label, ids, pairs);
}
