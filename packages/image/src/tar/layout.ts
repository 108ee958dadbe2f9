/**
 * The bytes of a tar archive: records of 512 bytes, a header before each entry.
 * Source: POSIX.1-2017 `pax`, and GNU tar's `src/tar.h` for the `gnu` fields.
 */
export const TAR_BLOCK_BYTES = 512;

/** Fields of a ustar header: offset and size in bytes. */
export const headerFields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeFlag: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  userName: [265, 32],
  groupName: [297, 32],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [offset: number, sizeBytes: number]>;

/** Fields of GNU's old sparse header (type `S`) that lie where ustar has its prefix. */
export const gnuSparseFields = {
  /** Four pairs of offset and length, 12 bytes each number. */
  segments: [386, 96],
  isExtended: [482, 1],
  realSize: [483, 12],
} as const;

/** A block that continues a sparse map: 21 pairs, then the flag that says whether another follows. */
export const gnuSparseBlock = { segments: [0, 504], isExtended: [504, 1] } as const;
/** Bytes of one pair of numbers in a GNU sparse map. */
export const GNU_SPARSE_PAIR_BYTES = 24;

/** What `magic` holds: POSIX's form with a NUL, GNU's with two spaces. */
export const USTAR_MAGIC = "ustar\0";
export const GNU_MAGIC = "ustar ";

/** Type flags that are read. */
export const typeFlags = {
  file: "0",
  oldFile: "\0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  contiguousFile: "7",
  paxLocal: "x",
  paxLocalSolaris: "X",
  paxGlobal: "g",
  gnuLongName: "L",
  gnuLongLink: "K",
  gnuSparse: "S",
  gnuDumpDirectory: "D",
  gnuVolumeLabel: "V",
  gnuMultiVolume: "M",
  solarisAcl: "A",
} as const;

/** What a content of `sizeBytes` takes in the archive. */
export function paddedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}
