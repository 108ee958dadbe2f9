import { ADDRESS_BYTES, METADATA_BLOCK_BYTES, fragmentEntryLayout, xattrTableLayout } from "../layout.ts";
import type { BlockCompression } from "./block-codec.ts";
import type { FragmentRow } from "./fragment-packer.ts";
import { metadataBlock } from "./metadata-writer.ts";
import type { OutputFile } from "./output-file.ts";
import type { SuperblockFacts } from "./superblock-encoder.ts";
import type { TreeTables } from "./tree-tables.ts";
import type { XattrTable } from "./xattr-table.ts";

/** What tables are appended to. */
export type TableOutput = Pick<OutputFile, "position" | "append">;

/** Where the tables came to lie. */
export type TablePlaces = Pick<
  SuperblockFacts,
  "inodeTable" | "directoryTable" | "fragmentTable" | "exportTable" | "idTable" | "xattrTable"
>;

/** Writes all tables behind the blocks, in the order that the kernel checks them to have. */
export function appendTables(
  output: TableOutput,
  tables: TreeTables,
  fragments: readonly (FragmentRow | undefined)[],
  compression: BlockCompression,
): TablePlaces {
  const inodeTable = appendBlocks(output, tables.inodeBlocks);
  const directoryTable = appendBlocks(output, tables.directoryBlocks);
  const rows = fragmentRows(fragments);
  const fragmentTable = fragments.length === 0 ? undefined : appendLookupTable(output, rows, compression);
  const exportTable = appendLookupTable(output, tables.exportRows, compression);
  const idTable = appendLookupTable(output, tables.ids.bytes(), compression);
  const xattrTable = tables.xattrs.count === 0 ? undefined : appendXattrs(output, tables.xattrs, compression);
  return { inodeTable, directoryTable, fragmentTable, exportTable, idTable, xattrTable };
}

function appendBlocks(output: TableOutput, blocks: readonly Buffer[]): number {
  const start = output.position;
  for (const block of blocks) output.append(block);
  return start;
}

/** Metadata blocks and then the list of their addresses. @returns the address of the list */
function appendLookupTable(output: TableOutput, rows: Buffer, compression: BlockCompression): number {
  const addresses = appendRows(output, rows, compression);
  return output.append(addresses);
}

function appendRows(output: TableOutput, rows: Buffer, compression: BlockCompression): Buffer {
  const addresses: bigint[] = [];
  for (let at = 0; at < rows.length; at += METADATA_BLOCK_BYTES) {
    const block = metadataBlock(rows.subarray(at, at + METADATA_BLOCK_BYTES), compression);
    addresses.push(BigInt(output.append(block)));
  }
  const bytes = Buffer.alloc(addresses.length * ADDRESS_BYTES);
  for (const [index, address] of addresses.entries()) bytes.writeBigUInt64LE(address, index * ADDRESS_BYTES);
  return bytes;
}

function fragmentRows(fragments: readonly (FragmentRow | undefined)[]): Buffer {
  const rows = Buffer.alloc(fragments.length * fragmentEntryLayout.sizeBytes);
  for (const [index, fragment] of fragments.entries()) {
    const row = index * fragmentEntryLayout.sizeBytes;
    rows.writeBigUInt64LE(BigInt(fragment?.address ?? 0), row + fragmentEntryLayout.start);
    rows.writeUInt32LE(fragment?.sizeField ?? 0, row + fragmentEntryLayout.size);
  }
  return rows;
}

function appendXattrs(output: TableOutput, xattrs: XattrTable, compression: BlockCompression): number {
  const { pairBlocks, idRows } = xattrs.finish();
  const pairsStart = appendBlocks(output, pairBlocks);
  const addresses = appendRows(output, idRows, compression);
  const head = Buffer.alloc(xattrTableLayout.sizeBytes);
  head.writeBigUInt64LE(BigInt(pairsStart), xattrTableLayout.pairsStart);
  head.writeUInt32LE(xattrs.count, xattrTableLayout.idCount);
  const address = output.append(head);
  output.append(addresses);
  return address;
}
