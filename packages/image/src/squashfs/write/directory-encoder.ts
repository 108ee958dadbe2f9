import {
  LISTING_SIZE_EXTRA,
  MAX_ENTRIES_PER_HEADER,
  NONE_U32,
  directoryEntryLayout,
  directoryHeaderLayout,
  directoryIndexLayout,
  directoryInodeLayout,
  extendedDirectoryInodeLayout,
  inodeTypes,
} from "../layout.ts";
import { encodeName } from "../../tree/name-codec.ts";
import { inodeBuffer, type InodeFacts } from "./inode-encoder.ts";
import type { MetadataPosition, MetadataWriter } from "./metadata-writer.ts";
import type { InodeNode } from "./tree-model.ts";

/** A name in a directory, and where its inode lies. */
export interface ListedName {
  readonly name: string;
  readonly node: InodeNode;
  readonly inode: MetadataPosition;
}

interface IndexRow {
  /** Bytes from the start of the listing to a header. */
  readonly listingPosition: number;
  /** Where the metadata block that holds the header begins. */
  readonly block: number;
  readonly name: Buffer;
}

/** Where a directory's names were written. */
export interface WrittenListing {
  readonly start: MetadataPosition;
  readonly sizeBytes: number;
  /** One row for each metadata block after the first, so that a look-up need not read the whole listing. */
  readonly index: readonly IndexRow[];
}

/**
 * Writes the names of one directory.
 * @param names sorted by their bytes
 */
export function writeListing(names: readonly ListedName[], table: MetadataWriter): WrittenListing {
  const start = table.position;
  const index: IndexRow[] = [];
  let sizeBytes = 0;
  let indexedBlock = start.block;
  for (let at = 0; at < names.length;) {
    const run = runFrom(names, at);
    const { block } = table.position;
    const first = names[at];
    if (block !== indexedBlock && first !== undefined) {
      index.push({ listingPosition: sizeBytes, block, name: encodeName(first.name) });
      indexedBlock = block;
    }
    const bytes = encodeRun(run);
    table.append(bytes);
    sizeBytes += bytes.length;
    at += run.length;
  }
  return { start, sizeBytes, index };
}

/** Names that one header can stand before: inodes in one metadata block, numbers within 16 bits of the first. */
function runFrom(names: readonly ListedName[], from: number): readonly ListedName[] {
  const first = names[from];
  let end = from + 1;
  while (end < names.length && end - from < MAX_ENTRIES_PER_HEADER) {
    const next = names[end];
    if (first === undefined || next === undefined || next.inode.block !== first.inode.block) break;
    const difference = next.node.inodeNumber - first.node.inodeNumber;
    if (difference < -0x8000 || difference > 0x7fff) break;
    end++;
  }
  return names.slice(from, end);
}

/** One buffer for the whole run: small ones by the hundred thousand would grow the heap at the end of a large tree. */
function encodeRun(run: readonly ListedName[]): Buffer {
  const base = run[0];
  const names = run.map(({ name }) => encodeName(name));
  const nameBytes = names.reduce((sum, name) => sum + name.length, 0);
  const bytes = Buffer.alloc(directoryHeaderLayout.sizeBytes + run.length * directoryEntryLayout.sizeBytes + nameBytes);
  bytes.writeUInt32LE(run.length - 1, directoryHeaderLayout.countLessOne);
  bytes.writeUInt32LE(base?.inode.block ?? 0, directoryHeaderLayout.inodeBlock);
  bytes.writeUInt32LE(base?.node.inodeNumber ?? 0, directoryHeaderLayout.inodeNumber);
  let at: number = directoryHeaderLayout.sizeBytes;
  for (const [index, { node, inode }] of run.entries()) {
    const name = names[index] ?? Buffer.alloc(0);
    const difference = node.inodeNumber - (base?.node.inodeNumber ?? 0);
    bytes.writeUInt16LE(inode.offset, at + directoryEntryLayout.inodeOffset);
    bytes.writeInt16LE(difference, at + directoryEntryLayout.inodeNumberDifference);
    bytes.writeUInt16LE(inodeTypes[node.type], at + directoryEntryLayout.type);
    bytes.writeUInt16LE(name.length - 1, at + directoryEntryLayout.nameSizeLessOne);
    bytes.set(name, at + directoryEntryLayout.sizeBytes);
    at += directoryEntryLayout.sizeBytes + name.length;
  }
  return bytes;
}

/** The bytes of a directory's inode; extended when its listing is large or it has xattrs. */
export function encodeDirectoryInode(
  facts: InodeFacts,
  listing: WrittenListing,
  family: { readonly parentInodeNumber: number; readonly subdirectoryCount: number },
): Buffer {
  const size = listing.sizeBytes + LISTING_SIZE_EXTRA;
  const linkCount = family.subdirectoryCount + 2;
  const isExtended = size > 0xffff || facts.xattrIndex !== NONE_U32 || listing.index.length > 0;
  if (!isExtended) {
    const bytes = inodeBuffer(facts, directoryInodeLayout.sizeBytes, false);
    bytes.writeUInt32LE(listing.start.block, directoryInodeLayout.listingBlock);
    bytes.writeUInt32LE(linkCount, directoryInodeLayout.linkCount);
    bytes.writeUInt16LE(size, directoryInodeLayout.listingSize);
    bytes.writeUInt16LE(listing.start.offset, directoryInodeLayout.listingOffset);
    bytes.writeUInt32LE(family.parentInodeNumber, directoryInodeLayout.parentInodeNumber);
    return bytes;
  }
  const bytes = inodeBuffer(facts, extendedDirectoryInodeLayout.sizeBytes, true);
  bytes.writeUInt32LE(linkCount, extendedDirectoryInodeLayout.linkCount);
  bytes.writeUInt32LE(size, extendedDirectoryInodeLayout.listingSize);
  bytes.writeUInt32LE(listing.start.block, extendedDirectoryInodeLayout.listingBlock);
  bytes.writeUInt32LE(family.parentInodeNumber, extendedDirectoryInodeLayout.parentInodeNumber);
  bytes.writeUInt16LE(listing.index.length, extendedDirectoryInodeLayout.indexCount);
  bytes.writeUInt16LE(listing.start.offset, extendedDirectoryInodeLayout.listingOffset);
  bytes.writeUInt32LE(facts.xattrIndex, extendedDirectoryInodeLayout.xattrIndex);
  return Buffer.concat([bytes, ...listing.index.map(encodeIndexRow)]);
}

function encodeIndexRow({ listingPosition, block, name }: IndexRow): Buffer {
  const bytes = Buffer.alloc(directoryIndexLayout.sizeBytes + name.length);
  bytes.writeUInt32LE(listingPosition, directoryIndexLayout.listingPosition);
  bytes.writeUInt32LE(block, directoryIndexLayout.listingBlock);
  bytes.writeUInt32LE(name.length - 1, directoryIndexLayout.nameSizeLessOne);
  bytes.set(name, directoryIndexLayout.sizeBytes);
  return bytes;
}
