import { DEFAULT_BLOCK_SIZE_BYTES } from "../layout.ts";
import type { SquashfsImage } from "../squashfs-image.ts";
import { defaultLevels, type BlockCompression, type Compression } from "../write/block-codec.ts";

/** What all data blocks of one image have in common. */
export interface TargetFormat {
  readonly blockCompression: BlockCompression;
  readonly blockSizeBytes: number;
}

/** What may be asked for; what is left out is chosen so that the least data is recoded. */
export interface FormatRequest {
  readonly compression?: Compression;
  /** Of tables and of layers that are recoded; the compressor's default when left out. */
  readonly level?: number;
  readonly blockSizeBytes?: number;
}

/**
 * The format of the composed image: what is asked for, else what most bytes of the layers have.
 * @param layers at least one
 */
export function chooseFormat(layers: readonly SquashfsImage[], request: FormatRequest): TargetFormat {
  const votes = new Map<string, { readonly image: SquashfsImage; bytes: number }>();
  for (const image of layers) {
    const { compressor, blockSizeBytes, inodeTable } = image.superblock;
    if (request.compression !== undefined && compressor !== request.compression) continue;
    if (request.blockSizeBytes !== undefined && blockSizeBytes !== request.blockSizeBytes) continue;
    const key = `${compressor} ${blockSizeBytes}`;
    const vote = votes.get(key) ?? { image, bytes: 0 };
    vote.bytes += inodeTable - image.dataStart;
    votes.set(key, vote);
  }
  const [winner] = Array.from(votes.values()).sort((a, b) => b.bytes - a.bytes);
  const model = winner?.image ?? layers[0];
  const compression = request.compression ?? (model?.superblock.compressor === "gzip" ? "gzip" : "zstd");
  return {
    blockCompression: { compression, level: request.level ?? defaultLevels[compression] },
    blockSizeBytes: request.blockSizeBytes ?? model?.superblock.blockSizeBytes ?? DEFAULT_BLOCK_SIZE_BYTES,
  };
}

/** Whether a layer's blocks can be copied as they are. */
export function hasFormat(image: SquashfsImage, format: TargetFormat): boolean {
  const { compressor, blockSizeBytes } = image.superblock;
  return compressor === format.blockCompression.compression && blockSizeBytes === format.blockSizeBytes;
}
