import { deflateSync } from "node:zlib";

const metadataBytes = 8192;
const blockBytes = 2 ** 20;
const none32 = 0xffff_ffff;
const none64 = 0xffff_ffff_ffff_ffffn;

/**
 * A squashfs image of some kilobytes with one file of `sizeBytes` of zeros, which no reader should write out: every
 * block of it is a hole, and the list of them compresses to nothing.
 * Source: squashfs 4.0 format as in the kernel's `fs/squashfs/squashfs_fs.h`
 */
export function squashfsBomb(sizeBytes: number): Buffer {
  const superblockBytes = 96;
  const inodes = metadata(Buffer.concat([rootInode(), holeInode(sizeBytes)]));
  const directories = metadata(rootListing());
  const ids = metadata(Buffer.alloc(4));
  const directoryTable = superblockBytes + inodes.length;
  const idBlock = directoryTable + directories.length;
  const idTable = idBlock + ids.length;
  const bytesUsed = idTable + 8;

  const superblock = Buffer.alloc(superblockBytes);
  superblock.write("hsqs", "latin1");
  superblock.writeUInt32LE(2, 4); // inodes
  superblock.writeUInt32LE(blockBytes, 12);
  superblock.writeUInt16LE(1, 20); // gzip
  superblock.writeUInt16LE(20, 22); // log2 of the block size
  superblock.writeUInt16LE(0x0010 | 0x0200, 24); // no fragments, no xattrs
  superblock.writeUInt16LE(1, 26); // ids
  superblock.writeUInt16LE(4, 28);
  superblock.writeBigUInt64LE(0n, 32); // the root's inode comes first
  superblock.writeBigUInt64LE(BigInt(bytesUsed), 40);
  superblock.writeBigUInt64LE(BigInt(idTable), 48);
  superblock.writeBigUInt64LE(none64, 56); // xattrs
  superblock.writeBigUInt64LE(BigInt(superblockBytes), 64);
  superblock.writeBigUInt64LE(BigInt(directoryTable), 72);
  superblock.writeBigUInt64LE(none64, 80); // fragments
  superblock.writeBigUInt64LE(none64, 88); // exports
  const idPointer = Buffer.alloc(8);
  idPointer.writeBigUInt64LE(BigInt(idBlock));
  const image = Buffer.concat([superblock, inodes, directories, ids, idPointer]);
  return Buffer.concat([image, Buffer.alloc(4096 - (image.length % 4096))]);
}

function inodeHeader(bytes: Buffer, type: number, mode: number, inodeNumber: number): void {
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt16LE(mode, 2);
  bytes.writeUInt32LE(inodeNumber, 12);
}

function rootInode(): Buffer {
  const bytes = Buffer.alloc(32);
  inodeHeader(bytes, 1, 0o755, 1);
  bytes.writeUInt32LE(2, 20); // links
  bytes.writeUInt16LE(rootListing().length + 3, 24);
  bytes.writeUInt32LE(3, 28); // parent of the root
  return bytes;
}

function holeInode(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(56 + 4 * Math.ceil(sizeBytes / blockBytes));
  inodeHeader(bytes, 9, 0o644, 2);
  bytes.writeBigUInt64LE(96n, 16); // where its blocks would begin
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 24);
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 32); // of them in holes
  bytes.writeUInt32LE(1, 40); // links
  bytes.writeUInt32LE(none32, 44); // fragment
  bytes.writeUInt32LE(none32, 52); // xattrs
  return bytes;
}

function rootListing(): Buffer {
  const name = "bomb";
  const bytes = Buffer.alloc(20 + name.length);
  bytes.writeUInt32LE(2, 8); // the first inode number
  bytes.writeUInt16LE(rootInodeBytes, 12); // offset in the inode table
  bytes.writeUInt16LE(2, 16); // a file
  bytes.writeUInt16LE(name.length - 1, 18);
  bytes.write(name, 20, "latin1");
  return bytes;
}

const rootInodeBytes = 32;

function metadata(content: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += metadataBytes) {
    const stored = deflateSync(content.subarray(at, at + metadataBytes));
    const size = Buffer.alloc(2);
    size.writeUInt16LE(stored.length);
    blocks.push(size, stored);
  }
  return Buffer.concat(blocks);
}
