import {
  NONE_U64,
  SQUASHFS_MAGIC,
  SQUASHFS_VERSION,
  compressorIds,
  gzipOptionsLayout,
  superblockFlags,
  superblockLayout,
  zstdOptionsLayout,
} from "../layout.ts";
import type { BlockCompression, Compression } from "./block-codec.ts";
import { metadataBlock } from "./metadata-writer.ts";

/** What a superblock says; addresses in bytes from the image's start, undefined for a table that is not there. */
export interface SuperblockFacts {
  readonly inodeCount: number;
  readonly mtimeSeconds: number;
  readonly blockSizeBytes: number;
  readonly fragmentCount: number;
  readonly compression: Compression;
  readonly idCount: number;
  readonly rootReference: number;
  readonly bytesUsed: number;
  readonly idTable: number;
  readonly xattrTable: number | undefined;
  readonly inodeTable: number;
  readonly directoryTable: number;
  readonly fragmentTable: number | undefined;
  readonly exportTable: number;
}

/** The first 96 bytes of an image. */
export function encodeSuperblock(facts: SuperblockFacts): Buffer {
  const bytes = Buffer.alloc(superblockLayout.sizeBytes);
  const at = superblockLayout;
  bytes.writeUInt32LE(SQUASHFS_MAGIC, at.magic);
  bytes.writeUInt32LE(facts.inodeCount, at.inodeCount);
  bytes.writeUInt32LE(facts.mtimeSeconds, at.mtimeSeconds);
  bytes.writeUInt32LE(facts.blockSizeBytes, at.blockSize);
  bytes.writeUInt32LE(facts.fragmentCount, at.fragmentCount);
  bytes.writeUInt16LE(compressorIds[facts.compression], at.compressor);
  bytes.writeUInt16LE(Math.log2(facts.blockSizeBytes), at.blockLog);
  bytes.writeUInt16LE(flagsOf(facts), at.flags);
  bytes.writeUInt16LE(facts.idCount, at.idCount);
  bytes.writeUInt16LE(SQUASHFS_VERSION.major, at.versionMajor);
  bytes.writeUInt16LE(SQUASHFS_VERSION.minor, at.versionMinor);
  bytes.writeBigUInt64LE(BigInt(facts.rootReference), at.rootInode);
  bytes.writeBigUInt64LE(BigInt(facts.bytesUsed), at.bytesUsed);
  writeAddress(bytes, at.idTable, facts.idTable);
  writeAddress(bytes, at.xattrTable, facts.xattrTable);
  writeAddress(bytes, at.inodeTable, facts.inodeTable);
  writeAddress(bytes, at.directoryTable, facts.directoryTable);
  writeAddress(bytes, at.fragmentTable, facts.fragmentTable);
  writeAddress(bytes, at.exportTable, facts.exportTable);
  return bytes;
}

function writeAddress(bytes: Buffer, offset: number, address: number | undefined): void {
  bytes.writeBigUInt64LE(address === undefined ? NONE_U64 : BigInt(address), offset);
}

function flagsOf(facts: SuperblockFacts): number {
  const { deduplicated, exportable, compressorOptions, noFragments } = superblockFlags;
  return deduplicated | exportable | compressorOptions | (facts.fragmentCount === 0 ? noFragments : 0);
}

/** What follows the superblock: how the blocks were compressed, for programs that append to images. */
export function encodeCompressorOptions({ compression, level }: BlockCompression): Buffer {
  if (compression === "zstd") {
    const options = Buffer.alloc(zstdOptionsLayout.sizeBytes);
    options.writeUInt32LE(level, zstdOptionsLayout.level);
    return metadataBlock(options, undefined);
  }
  const options = Buffer.alloc(gzipOptionsLayout.sizeBytes);
  options.writeUInt32LE(level, gzipOptionsLayout.level);
  options.writeUInt16LE(15, gzipOptionsLayout.windowBits);
  return metadataBlock(options, undefined);
}
