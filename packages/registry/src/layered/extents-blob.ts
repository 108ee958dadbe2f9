import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { AppError } from "@repo2singularity/base";
import { type Composition, type RandomAccess, saveComposition, tryLoadComposition } from "@repo2singularity/image";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Unpacked. A list of extents has 24 bytes a piece, tables of an image with a million files about 60 MiB. */
const unpackedLimitBytes = 256 * 2 ** 20;
const level = 9;

/**
 * How an image is put together from its layers: the list of extents and the bytes that are in no layer, as
 * `saveComposition` writes them, compressed by zstd. Equal compositions give equal bytes.
 */
export async function encodeExtents(composition: Composition): Promise<Uint8Array> {
  const saved = saveComposition(composition);
  return compress(saved, {
    pledgedSrcSize: saved.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/**
 * The image again, without a byte of it being read.
 * @param unpacked see {@link unpackExtents}
 * @param layers the same as when it was made, in the same order; they stay open while the result is used
 * @param what named in errors
 * @throws E_OCI_INVALID when the bytes are no such list, or one of other layers
 */
export function composeExtents(unpacked: Uint8Array, layers: readonly RandomAccess[], what: string): Composition {
  const composition = tryLoadComposition(unpacked, layers);
  if (composition !== undefined) return composition;
  throw new AppError("E_OCI_INVALID", `${what}: is no list of extents of ${layers.length} layers`);
}

/**
 * A list of extents as it was before it was compressed.
 * @param what named in errors
 * @throws E_OCI_INVALID when it is none, or one of more than 256 MiB
 */
export async function unpackExtents(bytes: Uint8Array, what: string): Promise<Uint8Array> {
  try {
    return await decompress(bytes, { maxOutputLength: unpackedLimitBytes });
  } catch (error) {
    throw new AppError("E_OCI_INVALID", `${what}: is no list of extents, or one above ${unpackedLimitBytes} bytes`, {
      cause: error,
    });
  }
}
