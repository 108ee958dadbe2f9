import { constants, deflateSync, zstdCompressSync } from "node:zlib";

/** The compressors that images are written with; `gzip` is zlib's format, as squashfs names it. */
export type Compression = "zstd" | "gzip";

/** How blocks are compressed. */
export interface BlockCompression {
  readonly compression: Compression;
  /** gzip 1 to 9, zstd 1 to 22. */
  readonly level: number;
}

/** Level where none is asked for. */
export const defaultLevels = { zstd: 3, gzip: 6 } as const satisfies Record<Compression, number>;
/** The highest level of each compressor; the lowest is 1. */
export const maxLevels = { zstd: 22, gzip: 9 } as const satisfies Record<Compression, number>;

/**
 * Tables of zstd's levels 1 to 3 that fit a core's own cache: blocks compress about a fifth faster than with the tables
 * that the library takes for a stream of the same size, into 0.5 (128 KiB) to 1.3 percent (1 MiB) more bytes.
 */
const cacheSizedTables = {
  highestLevel: 3,
  tableLog: (blockBytes: number): number => (blockBytes > 2 ** 18 ? 15 : 14),
} as const;

/** The most memory that zlib takes for its symbols; fewer would end its blocks early. */
const zlibMemLevel = 9;

/**
 * Compresses one block in one synchronous call.
 * @returns the compressed bytes, or undefined when they would not be smaller than the block
 */
export function compressBlock(block: Uint8Array, { compression, level }: BlockCompression): Uint8Array | undefined {
  const compressed = compression === "zstd" ? compressZstd(block, level) : compressZlib(block, level);
  return compressed.length < block.length ? compressed : undefined;
}

function compressZstd(block: Uint8Array, level: number): Uint8Array {
  const params = zstdParams(level, zstdTableLog(block.length, level));
  // one chunk for all of it: zstd splits a block otherwise when it cannot write straight to the output
  const chunkSize = maxCompressedBytes(block.length);
  return zstdCompressSync(block, { params, pledgedSrcSize: block.length, chunkSize });
}

/** The size of the tables as a power of two; undefined for the library's choice. */
function zstdTableLog(blockBytes: number, level: number): number | undefined {
  const tableLog = cacheSizedTables.tableLog(blockBytes);
  return level <= cacheSizedTables.highestLevel && blockBytes >= 2 ** tableLog ? tableLog : undefined;
}

function zstdParams(level: number, tableLog: number | undefined): Record<number, number> {
  if (tableLog === undefined) return { [constants.ZSTD_c_compressionLevel]: level };
  return {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_hashLog]: tableLog,
    [constants.ZSTD_c_chainLog]: tableLog,
  };
}

function compressZlib(block: Uint8Array, level: number): Uint8Array {
  return deflateSync(block, { level, memLevel: zlibMemLevel, chunkSize: maxCompressedBytes(block.length) });
}

/** Above the bound of either compressor, so that all of a block comes out in one chunk. */
function maxCompressedBytes(blockBytes: number): number {
  return blockBytes + Math.ceil(blockBytes / 128) + 1024;
}
