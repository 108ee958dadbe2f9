import { ADDRESS_BYTES, METADATA_BLOCK_BYTES, metadataBlockCount } from "../layout.ts";
import { readMetadataBlock, type MetadataSource } from "./metadata-table.ts";
import { invalidImage, limitExceeded } from "./problems.ts";
import { readExactly, readU64, viewOf } from "./read-exactly.ts";

/** A table that is found through a list of block addresses: ids, fragments, export, xattr ids. */
export interface IndirectRegion {
  /** Address of the list of block addresses. */
  readonly address: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  /** "id table", for errors. */
  readonly what: string;
}

/** The entries of a table and where its first block begins. */
export interface IndirectTable {
  readonly entryCount: number;
  readonly view: DataView;
  /** Address of the first block; the list's own address for a table without entries. */
  readonly firstBlock: number;
}

/**
 * Reads a whole table of fixed-size entries.
 * @throws E_SQUASHFS_INVALID when a block has another number of entries than it must have
 * @throws E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED
 */
export async function readIndirectTable(source: MetadataSource, region: IndirectRegion): Promise<IndirectTable> {
  const { access, metadataBytes } = source;
  const byteCount = region.entryCount * region.entryBytes;
  if (byteCount > metadataBytes) throw limitExceeded(access.label, "metadataBytes", metadataBytes, byteCount);
  const addresses = await readAddresses(source, region);
  const bytes = new Uint8Array(byteCount);
  for (const [index, address] of addresses.entries()) {
    const from = index * METADATA_BLOCK_BYTES;
    const expected = Math.min(METADATA_BLOCK_BYTES, byteCount - from);
    const block = await readMetadataBlock(source, address, `the ${region.what}`);
    if (block.length !== expected) {
      throw invalidImage(
        access.label,
        address,
        `the ${region.what} has a block of ${block.length} bytes, not ${expected}`,
      );
    }
    bytes.set(block, from);
  }
  return { entryCount: region.entryCount, view: viewOf(bytes), firstBlock: addresses[0] ?? region.address };
}

/** The address of a table's first block, without reading the table. */
export async function readFirstAddress(source: MetadataSource, region: IndirectRegion): Promise<number> {
  if (region.entryCount === 0) return region.address;
  const list = await readExactly(source.access, region.address, ADDRESS_BYTES, `the ${region.what}`);
  return readU64(viewOf(list), 0);
}

async function readAddresses(source: MetadataSource, region: IndirectRegion): Promise<number[]> {
  const { access } = source;
  const blockCount = metadataBlockCount(region.entryCount * region.entryBytes);
  const list = await readExactly(access, region.address, blockCount * ADDRESS_BYTES, `the ${region.what}`);
  const view = viewOf(list);
  return Array.from({ length: blockCount }, (_, index) => {
    const address = readU64(view, index * ADDRESS_BYTES);
    if (address >= region.address) {
      throw invalidImage(access.label, region.address, `block ${index} of the ${region.what} lies behind its own list`);
    }
    return address;
  });
}
