/**
 * The bytes of a squashfs 4.0 image: sizes, offsets, ids and flags, all little-endian.
 *
 * Order in the file: superblock, compressor options, data blocks and fragment blocks, inode table,
 * directory table, fragment table, export table, id table, xattr table.
 * Source: the kernel's `fs/squashfs/squashfs_fs.h` and `Documentation/filesystems/squashfs.rst`.
 */

/** `hsqs`, the first four bytes of an image as a little-endian number. */
export const SQUASHFS_MAGIC = 0x73717368;
/** The one version that is read and written: 4.0. */
export const SQUASHFS_VERSION = { major: 4, minor: 0 } as const;

/** Bytes of file content in one uncompressed metadata block. */
export const METADATA_BLOCK_BYTES = 8192;
/** Bytes of the length field before every metadata block. */
export const METADATA_HEADER_BYTES = 2;
/** Bit of a metadata block's length field: the block is stored as it is. */
export const METADATA_STORED_FLAG = 0x8000;
/** Bit of a data or fragment block's size field: the block is stored as it is. */
export const DATA_STORED_FLAG = 0x0100_0000;
/** The part of a data block's size field that is the size. */
export const DATA_SIZE_MASK = DATA_STORED_FLAG - 1;

/** Allowed block sizes are the powers of two from here … */
export const MIN_BLOCK_SIZE_BYTES = 4096;
/** … to here. */
export const MAX_BLOCK_SIZE_BYTES = 1_048_576;
export const DEFAULT_BLOCK_SIZE_BYTES = 131_072;
/** Image files are padded to a multiple of this so that loop devices can hold them. */
export const IMAGE_PADDING_BYTES = 4096;

/** "No fragment" of a file, "no xattrs" of an inode. */
export const NONE_U32 = 0xffff_ffff;
/** "No such table" in the superblock. */
export const NONE_U64 = 0xffff_ffff_ffff_ffffn;

/** Longest file name in bytes. */
export const MAX_NAME_BYTES = 256;
/** Longest symbolic link text in bytes that Linux opens. */
export const MAX_SYMLINK_BYTES = 65_535;

/** Ids of the compressors in the superblock. */
export const compressorIds = { gzip: 1, lzma: 2, lzo: 3, xz: 4, lz4: 5, zstd: 6 } as const;
/** A compressor by the name `mksquashfs -comp` gives it. */
export type CompressorName = keyof typeof compressorIds;

/** Field offsets of the superblock. */
export const superblockLayout = {
  magic: 0, // u32
  inodeCount: 4, // u32
  mtimeSeconds: 8, // u32
  blockSize: 12, // u32
  fragmentCount: 16, // u32
  compressor: 20, // u16
  blockLog: 22, // u16
  flags: 24, // u16
  idCount: 26, // u16
  versionMajor: 28, // u16
  versionMinor: 30, // u16
  rootInode: 32, // u64 inode reference
  bytesUsed: 40, // u64
  idTable: 48, // u64 address
  xattrTable: 56, // u64 address or NONE_U64
  inodeTable: 64, // u64 address
  directoryTable: 72, // u64 address
  fragmentTable: 80, // u64 address or NONE_U64
  exportTable: 88, // u64 address or NONE_U64
  sizeBytes: 96,
} as const;

/** Bits of the superblock's flags. */
export const superblockFlags = {
  uncompressedInodes: 0x0001,
  uncompressedData: 0x0002,
  uncompressedFragments: 0x0008,
  noFragments: 0x0010,
  alwaysFragments: 0x0020,
  deduplicated: 0x0040,
  exportable: 0x0080,
  uncompressedXattrs: 0x0100,
  noXattrs: 0x0200,
  compressorOptions: 0x0400,
  uncompressedIds: 0x0800,
} as const;

/** Compressor options: one stored metadata block right after the superblock. */
export const gzipOptionsLayout = {
  level: 0 /* u32 */,
  windowBits: 4 /* u16 */,
  strategies: 6 /* u16 */,
  sizeBytes: 8,
} as const;
export const zstdOptionsLayout = { level: 0 /* u32 */, sizeBytes: 4 } as const;

/** Inode types; an extended one is its basic one plus {@link EXTENDED_INODE_OFFSET}. */
export const inodeTypes = {
  directory: 1,
  file: 2,
  symlink: 3,
  block: 4,
  char: 5,
  fifo: 6,
  socket: 7,
  extendedDirectory: 8,
  extendedFile: 9,
  extendedSymlink: 10,
  extendedBlock: 11,
  extendedChar: 12,
  extendedFifo: 13,
  extendedSocket: 14,
} as const;
/** What is added to a basic inode type to get its extended one. Directory entries hold basic types only. */
export const EXTENDED_INODE_OFFSET = 7;

/** Field offsets that every inode begins with. */
export const inodeHeaderLayout = {
  type: 0, // u16
  mode: 2, // u16, permission bits only
  uidIndex: 4, // u16, into the id table
  gidIndex: 6, // u16
  mtimeSeconds: 8, // u32
  inodeNumber: 12, // u32, from 1
  sizeBytes: 16,
} as const;

export const directoryInodeLayout = {
  listingBlock: 16, // u32, offset of the metadata block from the directory table
  linkCount: 20, // u32
  listingSize: 24, // u16, bytes of the listing + LISTING_SIZE_EXTRA
  listingOffset: 26, // u16, inside the uncompressed block
  parentInodeNumber: 28, // u32; the root's is inodeCount + 1
  sizeBytes: 32,
} as const;

export const extendedDirectoryInodeLayout = {
  linkCount: 16, // u32
  listingSize: 20, // u32
  listingBlock: 24, // u32
  parentInodeNumber: 28, // u32
  indexCount: 32, // u16, entries that follow the inode
  listingOffset: 34, // u16
  xattrIndex: 36, // u32
  sizeBytes: 40,
} as const;

/** One index entry after an extended directory inode; its name follows. */
export const directoryIndexLayout = {
  listingPosition: 0, // u32, bytes from the start of the listing
  listingBlock: 4, // u32, as in the inode
  nameSizeLessOne: 8, // u32
  sizeBytes: 12,
} as const;

export const fileInodeLayout = {
  blocksStart: 16, // u32, address of the first data block
  fragmentIndex: 20, // u32 or NONE_U32
  fragmentOffset: 24, // u32, inside the uncompressed fragment block
  fileSize: 28, // u32
  sizeBytes: 32, // u32 size fields of the blocks follow
} as const;

export const extendedFileInodeLayout = {
  blocksStart: 16, // u64
  fileSize: 24, // u64
  sparseBytes: 32, // u64, bytes that zero-size blocks stand for
  linkCount: 40, // u32
  fragmentIndex: 44, // u32
  fragmentOffset: 48, // u32
  xattrIndex: 52, // u32
  sizeBytes: 56, // block size fields follow
} as const;

/** The text follows; in the extended inode a u32 xattr index follows the text. */
export const symlinkInodeLayout = { linkCount: 16 /* u32 */, targetSize: 20 /* u32 */, sizeBytes: 24 } as const;
export const deviceInodeLayout = { linkCount: 16 /* u32 */, device: 20 /* u32 */, sizeBytes: 24 } as const;
export const extendedDeviceInodeLayout = { ...deviceInodeLayout, xattrIndex: 24 /* u32 */, sizeBytes: 28 } as const;
/** Fifos and sockets. */
export const ipcInodeLayout = { linkCount: 16 /* u32 */, sizeBytes: 20 } as const;
export const extendedIpcInodeLayout = { ...ipcInodeLayout, xattrIndex: 20 /* u32 */, sizeBytes: 24 } as const;
/** Bytes of the xattr index after the text of an extended symlink. */
export const XATTR_INDEX_BYTES = 4;
/** Bytes of one block size field of a file inode. */
export const BLOCK_SIZE_FIELD_BYTES = 4;

/** What a directory inode's listing size is larger than the listing ("." and ".." in the kernel's count). */
export const LISTING_SIZE_EXTRA = 3;
/** Entries that one directory header can announce. */
export const MAX_ENTRIES_PER_HEADER = 256;

/** A run of entries whose inodes lie in the same metadata block. */
export const directoryHeaderLayout = {
  countLessOne: 0, // u32
  inodeBlock: 4, // u32, offset of the metadata block from the inode table
  inodeNumber: 8, // u32, base of the entries' differences
  sizeBytes: 12,
} as const;

/** One name; its bytes follow. */
export const directoryEntryLayout = {
  inodeOffset: 0, // u16, inside the uncompressed metadata block
  inodeNumberDifference: 2, // i16
  type: 4, // u16, basic
  nameSizeLessOne: 6, // u16
  sizeBytes: 8,
} as const;

/** One fragment block. */
export const fragmentEntryLayout = {
  start: 0, // u64 address
  size: 8, // u32, with DATA_STORED_FLAG
  unused: 12, // u32
  sizeBytes: 16,
} as const;

/** What the xattr table's address points at; u64 addresses of the id blocks follow. */
export const xattrTableLayout = {
  pairsStart: 0, // u64 address of the first metadata block of names and values
  idCount: 8, // u32
  unused: 12, // u32
  sizeBytes: 16,
} as const;

/** One set of xattrs. */
export const xattrIdLayout = {
  reference: 0, // u64 metadata reference from pairsStart
  pairCount: 8, // u32
  pairBytes: 12, // u32
  sizeBytes: 16,
} as const;

/** A name without its prefix follows; then the value. */
export const xattrNameLayout = { type: 0 /* u16 */, nameSize: 2 /* u16 */, sizeBytes: 4 } as const;
export const xattrValueLayout = { valueSize: 0 /* u32 */, sizeBytes: 4 } as const;
/** Bit of an xattr's type: the value is a u64 metadata reference to the value. */
export const XATTR_OUT_OF_LINE_FLAG = 0x0100;
/** Bytes of that reference. */
export const XATTR_REFERENCE_BYTES = 8;
/** Prefixes by the low byte of an xattr's type. */
export const xattrPrefixes = ["user.", "trusted.", "security."] as const;

/** Bytes of one id, and of one address in the lists that lead to table blocks. */
export const ID_BYTES = 4;
export const ADDRESS_BYTES = 8;
/** Bytes of one inode reference of the export table. */
export const EXPORT_ENTRY_BYTES = 8;

/**
 * Packs a metadata position: `block` is the byte offset of a block from its table's start, `offset` the position
 * inside the uncompressed block.
 * @returns block × 65536 + offset, exact below 2^53
 */
export function metadataReference(block: number, offset: number): number {
  return block * 0x10000 + offset;
}

/** The block of a {@link metadataReference}. */
export function referenceBlock(reference: number): number {
  return Math.floor(reference / 0x10000);
}

/** The offset of a {@link metadataReference}. */
export function referenceOffset(reference: number): number {
  return reference % 0x10000;
}

/**
 * A device number as the kernel's `new_encode_dev` packs it.
 * @param major 0 to 4095
 * @param minor 0 to 1048575
 */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The parts of a packed device number. */
export function decodeDevice(device: number): { readonly major: number; readonly minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}

/** Metadata blocks that `byteCount` bytes of table entries fill. */
export function metadataBlockCount(byteCount: number): number {
  return Math.ceil(byteCount / METADATA_BLOCK_BYTES);
}
