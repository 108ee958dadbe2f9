import {
  directoryEntryLayout as entryLayout,
  directoryHeaderLayout as headerLayout,
  inodeTypes,
  MAX_ENTRIES_PER_HEADER,
  MAX_NAME_BYTES,
} from "../layout.ts";
import type { DirectoryInode } from "./inode.ts";
import type { MetadataTable } from "./metadata-table.ts";

/** One name of a directory. */
export interface DirectoryRecord {
  /**
   * The name as a "byte string": one character from U+0000 to U+00FF per byte, so that `<` orders as the image does.
   */
  readonly byteName: string;
  /** Offset of the inode's metadata block from the inode table's start. */
  readonly inodeBlock: number;
  readonly inodeOffset: number;
  readonly inodeNumber: number;
  /** Basic type as in `inodeTypes`. */
  readonly type: number;
}

const NUL_OR_SLASH = /[\0/]/;

/**
 * Decodes the listing of a directory.
 * @param table the directory table
 * @returns the records in the order of their names' bytes, each name once
 * @throws E_SQUASHFS_INVALID for names out of order, twice, empty, `.`, `..` or with a slash or NUL, and for a listing
 * that runs past its end: such images are attacks or damaged, and the kernel cannot look names up in them
 * Source: squashfs 4.0 format, "directory table"
 */
export function decodeListing(table: MetadataTable, directory: DirectoryInode): DirectoryRecord[] {
  const records: DirectoryRecord[] = [];
  if (directory.listingBytes === 0) return records;
  let position = table.positionOf(directory.listingBlock, directory.listingOffset);
  const end = position + directory.listingBytes;
  table.need(position, directory.listingBytes, "a directory listing");
  const cursor: ListingCursor = { table, end, block: directory.listingBlock, previousName: "" };
  while (position < end) position = decodeRun(cursor, position, records);
  return records;
}

interface ListingCursor {
  readonly table: MetadataTable;
  readonly end: number;
  readonly block: number;
  previousName: string;
}

/** Decodes a header and its entries; returns the position behind them. */
function decodeRun(cursor: ListingCursor, start: number, records: DirectoryRecord[]): number {
  const { view } = cursor.table;
  if (start + headerLayout.sizeBytes > cursor.end) throw cutShort(cursor, start);
  const count = view.getUint32(start + headerLayout.countLessOne, true) + 1;
  if (count > MAX_ENTRIES_PER_HEADER) {
    throw cursor.table.invalid(cursor.block, `a directory header announces ${count} entries`);
  }
  const inodeBlock = view.getUint32(start + headerLayout.inodeBlock, true);
  const baseNumber = view.getUint32(start + headerLayout.inodeNumber, true);
  let position = start + headerLayout.sizeBytes;
  for (let index = 0; index < count; index += 1) {
    if (position + entryLayout.sizeBytes > cursor.end) throw cutShort(cursor, position);
    const nameBytes = view.getUint16(position + entryLayout.nameSizeLessOne, true) + 1;
    const nameStart = position + entryLayout.sizeBytes;
    if (nameStart + nameBytes > cursor.end) throw cutShort(cursor, position);
    records.push({
      byteName: decodeByteName(cursor, nameStart, nameBytes),
      inodeBlock,
      inodeOffset: view.getUint16(position + entryLayout.inodeOffset, true),
      inodeNumber: baseNumber + view.getInt16(position + entryLayout.inodeNumberDifference, true),
      type: decodeType(cursor, view.getUint16(position + entryLayout.type, true)),
    });
    position = nameStart + nameBytes;
  }
  return position;
}

function decodeByteName(cursor: ListingCursor, start: number, byteCount: number): string {
  const name = cursor.table.bytes.toString("latin1", start, start + byteCount);
  if (byteCount > MAX_NAME_BYTES || name === "." || name === ".." || NUL_OR_SLASH.test(name)) {
    throw cursor.table.invalid(cursor.block, `a directory holds the forbidden name ${JSON.stringify(name)}`);
  }
  if (name <= cursor.previousName) {
    throw cursor.table.invalid(cursor.block, `a directory's names are out of order at ${JSON.stringify(name)}`);
  }
  cursor.previousName = name;
  return name;
}

function decodeType(cursor: ListingCursor, type: number): number {
  if (type >= inodeTypes.directory && type <= inodeTypes.socket) return type;
  throw cursor.table.invalid(cursor.block, `a directory entry has the unknown type ${type}`);
}

function cutShort(cursor: ListingCursor, position: number): Error {
  return cursor.table.invalid(cursor.block, `a directory listing ends inside an entry at position ${position}`);
}
