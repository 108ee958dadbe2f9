import { AppError } from "@repo2singularity/base";
import type { SquashfsImage } from "../squashfs-image.ts";
import { ComposedLayer } from "./composed-layer.ts";
import { Composition } from "./composition.ts";
import { layOutImage } from "./lay-out-image.ts";
import { mergeTrees } from "./merge-trees.ts";
import { unifyLayers } from "./recode-layers.ts";
import { chooseFormat, type FormatRequest } from "./target-format.ts";

/** How layers become one image. */
export interface ComposeOptions extends FormatRequest {
  /** The image's own time, seconds since 1970; the topmost layer's when left out. */
  readonly mtimeSeconds?: number;
  /** A folder for layers that must be recoded; without it such layers are an error. */
  readonly scratchDirectory?: string;
  /** Threads that compress when a layer is recoded. */
  readonly compressorCount?: number;
  readonly signal?: AbortSignal;
}

/**
 * Plans one image out of layers: the compressed blocks that surviving files use, copied as they are in the order of
 * the layers, and fresh tables behind them.
 *
 * The image shows what the kernel's overlay of the layers shows; whiteouts (overlay and OCI form), opaque marks and
 * overlay attributes are obeyed and left out. It depends on the layers and options alone.
 * Memory: the layers' tables and about a kilobyte for each entry of the result, freed but for the new tables.
 *
 * @param layers bottom first, at least one; they stay open, and must stay so while the composition is used
 * @returns a plan that must be closed when layers were recoded
 * @throws E_USAGE without layers, or when a layer must be recoded and no scratch folder is given
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED for damaged layers
 * @throws E_TREE_INVALID for overlay redirects, E_SQUASHFS_TOO_MANY_IDS
 * @example
 * await using composition = await planComposition([base, packages, content]);
 * await writeComposition(composition, "image.sqfs");
 */
export async function planComposition(
  layers: readonly SquashfsImage[],
  options: ComposeOptions = {},
): Promise<Composition> {
  const top = layers.at(-1);
  if (top === undefined) throw new AppError("E_USAGE", "an image cannot be composed of no layers");
  const format = chooseFormat(layers, options);
  const { scratchDirectory, compressorCount, signal } = options;
  const uniform = await unifyLayers(layers, {
    format,
    ...(scratchDirectory === undefined ? {} : { scratchDirectory }),
    ...(compressorCount === undefined ? {} : { compressorCount }),
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const composed: ComposedLayer[] = [];
    for (const image of uniform.layers) {
      signal?.throwIfAborted();
      composed.push(new ComposedLayer(image, await image.load()));
    }
    const mtimeSeconds = options.mtimeSeconds ?? top.superblock.mtimeSeconds;
    const root = mergeTrees(composed.toReversed());
    const { pieces, inodeCount } = layOutImage({ layers: composed, root, format, mtimeSeconds });
    return new Composition({ pieces, inodeCount, notes: uniform.notes, release: () => uniform.release() });
  } catch (error) {
    await uniform.release();
    throw error;
  }
}
