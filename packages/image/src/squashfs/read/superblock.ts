import type { RandomAccess } from "../../access/random-access.ts";
import {
  compressorIds,
  MAX_BLOCK_SIZE_BYTES,
  METADATA_HEADER_BYTES,
  METADATA_STORED_FLAG,
  MIN_BLOCK_SIZE_BYTES,
  SQUASHFS_MAGIC,
  SQUASHFS_VERSION,
  referenceBlock,
  superblockFlags,
  superblockLayout as layout,
  type CompressorName,
} from "../layout.ts";
import { invalidImage } from "./problems.ts";
import { readExactly, readU64, viewOf } from "./read-exactly.ts";

/** The header of an image. Addresses are bytes from the image's start; `undefined` is "no such table". */
export interface Superblock {
  readonly inodeCount: number;
  readonly mtimeSeconds: number;
  readonly blockSizeBytes: number;
  readonly fragmentCount: number;
  readonly compressor: CompressorName;
  /** Bits as in `superblockFlags`. */
  readonly flags: number;
  readonly idCount: number;
  /** A metadata reference into the inode table. */
  readonly rootInode: number;
  /** The image's size without the padding behind it. */
  readonly bytesUsed: number;
  readonly idTable: number;
  readonly xattrTable: number | undefined;
  readonly inodeTable: number;
  readonly directoryTable: number;
  readonly fragmentTable: number | undefined;
  readonly exportTable: number | undefined;
}

/**
 * Reads and checks the header of an image.
 * @throws E_SQUASHFS_TRUNCATED when the source is shorter than the header or than the size the header states
 * @throws E_SQUASHFS_INVALID when a field has a value no image can have
 * Source: squashfs 4.0 format, `struct squashfs_super_block`
 */
export async function readSuperblock(access: RandomAccess): Promise<Superblock> {
  const bytes = await readExactly(access, 0, layout.sizeBytes, "the superblock");
  const view = viewOf(bytes);
  const superblock = parseSuperblock(view, access.label);
  checkAddresses(superblock, access.label);
  if (superblock.bytesUsed > access.sizeBytes) {
    await readExactly(access, 0, superblock.bytesUsed, "the data and tables");
  }
  return superblock;
}

/**
 * Where the data blocks begin: behind the superblock and, where the flags announce them, the compressor's options.
 */
export async function readDataStart(access: RandomAccess, superblock: Superblock): Promise<number> {
  if ((superblock.flags & superblockFlags.compressorOptions) === 0) return layout.sizeBytes;
  const header = await readExactly(access, layout.sizeBytes, METADATA_HEADER_BYTES, "the compressor options");
  const sizeBytes = viewOf(header).getUint16(0, true) & (METADATA_STORED_FLAG - 1);
  return layout.sizeBytes + METADATA_HEADER_BYTES + sizeBytes;
}

function parseSuperblock(view: DataView, label: string): Superblock {
  const fail = (offset: number, problem: string): never => {
    throw invalidImage(label, offset, problem);
  };
  const magic = view.getUint32(layout.magic, true);
  if (magic !== SQUASHFS_MAGIC) fail(layout.magic, `expected the squashfs magic, found 0x${magic.toString(16)}`);
  const major = view.getUint16(layout.versionMajor, true);
  const minor = view.getUint16(layout.versionMinor, true);
  if (major !== SQUASHFS_VERSION.major || minor !== SQUASHFS_VERSION.minor) {
    fail(layout.versionMajor, `only squashfs 4.0 is read, found ${major}.${minor}`);
  }
  const blockSizeBytes = view.getUint32(layout.blockSize, true);
  const blockLog = view.getUint16(layout.blockLog, true);
  if (
    blockSizeBytes < MIN_BLOCK_SIZE_BYTES ||
    blockSizeBytes > MAX_BLOCK_SIZE_BYTES ||
    2 ** blockLog !== blockSizeBytes
  ) {
    fail(layout.blockSize, `expected a block size that is a power of two from 4 KiB to 1 MiB, found ${blockSizeBytes}`);
  }
  const optionalAddress = (offset: number): number | undefined => {
    const address = readU64(view, offset);
    return address === Number.POSITIVE_INFINITY ? undefined : address;
  };
  return {
    inodeCount: view.getUint32(layout.inodeCount, true),
    mtimeSeconds: view.getUint32(layout.mtimeSeconds, true),
    blockSizeBytes,
    fragmentCount: view.getUint32(layout.fragmentCount, true),
    compressor: compressorOf(view.getUint16(layout.compressor, true), label),
    flags: view.getUint16(layout.flags, true),
    idCount: view.getUint16(layout.idCount, true),
    rootInode: readU64(view, layout.rootInode),
    bytesUsed: readU64(view, layout.bytesUsed),
    idTable: readU64(view, layout.idTable),
    xattrTable: optionalAddress(layout.xattrTable),
    inodeTable: readU64(view, layout.inodeTable),
    directoryTable: readU64(view, layout.directoryTable),
    fragmentTable: optionalAddress(layout.fragmentTable),
    exportTable: optionalAddress(layout.exportTable),
  };
}

function compressorOf(id: number, label: string): CompressorName {
  for (const [name, known] of Object.entries(compressorIds)) {
    // Object.entries widens the keys of a const table to string
    if (known === id) return name as CompressorName;
  }
  throw invalidImage(label, layout.compressor, `no compressor has the number ${id}`);
}

function checkAddresses(superblock: Superblock, label: string): void {
  const { bytesUsed, inodeTable, directoryTable, idTable } = superblock;
  const inside = (name: string, offset: number, address: number | undefined, from: number): void => {
    if (address === undefined || (address >= from && address <= bytesUsed)) return;
    throw invalidImage(label, offset, `the address of the ${name} is ${address}, outside ${from} to ${bytesUsed}`);
  };
  if (!Number.isFinite(bytesUsed) || bytesUsed < layout.sizeBytes) {
    throw invalidImage(label, layout.bytesUsed, `the size of the image is ${bytesUsed} bytes`);
  }
  inside("inode table", layout.inodeTable, inodeTable, layout.sizeBytes);
  inside("directory table", layout.directoryTable, directoryTable, inodeTable);
  inside("id table", layout.idTable, idTable, directoryTable);
  inside("fragment table", layout.fragmentTable, superblock.fragmentTable, directoryTable);
  inside("export table", layout.exportTable, superblock.exportTable, directoryTable);
  inside("xattr table", layout.xattrTable, superblock.xattrTable, directoryTable);
  if (superblock.idCount === 0) throw invalidImage(label, layout.idCount, "the image has no owner ids");
  if (superblock.inodeCount === 0) throw invalidImage(label, layout.inodeCount, "the image has no inodes");
  if (superblock.fragmentCount > 0 && superblock.fragmentTable === undefined) {
    throw invalidImage(label, layout.fragmentTable, "the image has fragments but no fragment table");
  }
  if (referenceBlock(superblock.rootInode) >= directoryTable - inodeTable) {
    throw invalidImage(label, layout.rootInode, "the root directory lies outside the inode table");
  }
}
