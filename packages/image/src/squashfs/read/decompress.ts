import { promisify } from "node:util";
import { constants, inflate, inflateSync, zstdDecompress, zstdDecompressSync, type ZstdOptions } from "node:zlib";
import { AppError } from "@repo2singularity/base";
import type { CompressorName } from "../layout.ts";

const inflateAsync = promisify(inflate);
const zstdDecompressAsync = promisify(zstdDecompress);

/** Windows above 8 MiB are never needed for blocks of at most 1 MiB and would let an image ask for much memory. */
const ZSTD_WINDOW_LOG_MAX = 23;

/** Unpacks the blocks of one image. Both calls throw what node:zlib throws; the caller knows the place. */
export interface BlockDecompressor {
  /** @param maxBytes the most the block may unpack to; more is an error */
  decompressSync(input: Uint8Array, maxBytes: number): Uint8Array;
  /** The same in node's thread pool. */
  decompress(input: Uint8Array, maxBytes: number): Promise<Uint8Array>;
}

/**
 * The decompressor that an image names.
 * @param label the image, for the error
 * @throws E_SQUASHFS_COMPRESSOR for xz, lzma, lzo and lz4, which Node does not have
 */
export function blockDecompressor(compressor: CompressorName, label: string): BlockDecompressor {
  switch (compressor) {
    case "gzip":
      return {
        decompressSync: (input, maxBytes) => inflateSync(input, inflateOptions(maxBytes)),
        decompress: (input, maxBytes) => inflateAsync(input, inflateOptions(maxBytes)),
      };
    case "zstd":
      return {
        decompressSync: (input, maxBytes) => zstdDecompressSync(input, zstdOptions(maxBytes)),
        decompress: (input, maxBytes) => zstdDecompressAsync(input, zstdOptions(maxBytes)),
      };
    case "lzma":
    case "lzo":
    case "xz":
    case "lz4":
      throw new AppError(
        "E_SQUASHFS_COMPRESSOR",
        `${label}: the image is compressed with ${compressor}; zstd and gzip are read`,
        {
          hint: "unpack it with unsquashfs and build it again with mksquashfs -comp zstd",
          data: { compressor },
        },
      );
  }
}

function inflateOptions(maxBytes: number): { maxOutputLength: number; chunkSize: number } {
  return { maxOutputLength: maxBytes, chunkSize: Math.max(maxBytes, constants.Z_MIN_CHUNK) };
}

function zstdOptions(maxBytes: number): ZstdOptions {
  return {
    maxOutputLength: maxBytes,
    chunkSize: Math.max(maxBytes, constants.Z_MIN_CHUNK),
    params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
  };
}
