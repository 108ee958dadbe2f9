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
 * Compresses one block in one synchronous call.
 * @returns the compressed bytes, or undefined when they would not be smaller than the block
 */
export function compressBlock(block: Uint8Array, { compression, level }: BlockCompression): Uint8Array | undefined {
  // one output chunk: the call copies its output together when it takes several
  const chunkSize = Math.max(block.length + 64, constants.Z_MIN_CHUNK);
  const compressed =
    compression === "zstd"
      ? zstdCompressSync(block, {
          params: { [constants.ZSTD_c_compressionLevel]: level },
          pledgedSrcSize: block.length,
          chunkSize,
        })
      : deflateSync(block, { level, memLevel: 9, chunkSize });
  return compressed.length < block.length ? compressed : undefined;
}
