import type { SquashfsImage } from "../squashfs-image.ts";
import { ComposedLayer } from "./composed-layer.ts";
import { Composition, type CompositionPiece } from "./composition.ts";
import { extendTree } from "./extend-tree.ts";
import { dataStartOf, layOutImage, type PlacedData } from "./lay-out-image.ts";
import { LowerImage } from "./lower-image.ts";
import { chooseFormat, hasFormat, type TargetFormat } from "./target-format.ts";

/**
 * Plans an image out of a lower image that was composed before and layers that only add to it: its data and tables are
 * gone on from, so that the work depends on what the layers hold and not on the size of the lower image.
 *
 * The image shows what `planComposition` of all layers shows; its bytes are others, because inodes and listings of
 * the layers follow those of the lower image. They depend on the lower image and the layers alone.
 * Memory: the compressed tables of the lower image three times, and 8 bytes for each of its inodes.
 *
 * @param lower must stay open while the composition is used, as must the layers
 * @param layers bottom first, at least one
 * @returns `undefined` when this cannot be: a layer hides or replaces something of the lower image or has another
 * format, or the lower image holds extended attributes or was not composed here
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED, E_TREE_INVALID, E_SQUASHFS_TOO_MANY_IDS
 */
export async function composeUpon(
  lower: SquashfsImage,
  layers: readonly SquashfsImage[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Composition | undefined> {
  const format = chooseFormat([lower], {});
  const top = layers.at(-1);
  if (top === undefined || !canGoOn(lower, layers, format)) return undefined;
  const ground = await LowerImage.read(lower);
  if (ground === undefined) return undefined;
  const composed: ComposedLayer[] = [];
  for (const image of layers) {
    options.signal?.throwIfAborted();
    composed.push(new ComposedLayer(image, await image.load()));
  }
  const roots = composed.toReversed().map((layer) => ({ layer, inode: layer.loaded.root.inode }));
  const tree = extendTree(ground, roots);
  if (tree === undefined) return undefined;
  const { pieces, inodeCount } = layOutImage({
    layers: composed,
    root: tree.root,
    format,
    mtimeSeconds: top.superblock.mtimeSeconds,
    lower: { data: lowerData(ground), tables: ground.tableStart(tree.positions) },
  });
  return new Composition({ pieces, inodeCount, notes: [], release: () => Promise.resolve() });
}

function canGoOn(lower: SquashfsImage, layers: readonly SquashfsImage[], format: TargetFormat): boolean {
  return (
    lower.superblock.xattrTable === undefined &&
    lower.dataStart === dataStartOf(format) &&
    [lower, ...layers].every((image) => hasFormat(image, format))
  );
}

/** The lower image's data; of a composition the layers' own, so that they are read without a detour. */
function lowerData({ image, fragments }: LowerImage): PlacedData {
  const { access, dataStart, superblock } = image;
  const end = superblock.inodeTable;
  const rows = fragments.map(({ start, sizeField }) => ({ address: start, sizeField }));
  const whole: CompositionPiece = {
    offset: dataStart,
    sizeBytes: end - dataStart,
    source: { kind: "layer", layer: 0, access, offset: dataStart },
  };
  const pieces =
    access instanceof Composition ? access.pieces.filter(({ source }) => source.kind === "layer") : [whole];
  const numbers = pieces.map(({ source }) => (source.kind === "layer" ? source.layer : 0));
  const layerCount = numbers.reduce((most, number) => Math.max(most, number + 1), 1);
  return { pieces: end === dataStart ? [] : pieces, fragments: rows, end, layerCount };
}
