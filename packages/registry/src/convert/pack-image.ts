import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  isSingularityPath,
  openSquashfs,
  packSquashfs,
  planComposition,
  writeComposition,
  type SelfWritingContent,
  type SquashfsImage,
  type TreeEntry,
  type WriteSquashfsOptions,
} from "@repo2singularity/image";
import type { OciImage, OciLayer } from "../oci/model.ts";
import { isWhiteout, layerEntries, type LayerEntryOptions } from "./layer-entries.ts";

/** How layers become squashfs images. */
export interface PackLayerOptions extends LayerEntryOptions, Omit<WriteSquashfsOptions, "mtimeSeconds" | "signal"> {}

/**
 * Packs each layer of an image into a squashfs image of its own, one after the other, whiteouts in OCI's form.
 * @param folder where they are written, as `0.sqfs`, `1.sqfs`, …
 * @returns their paths, bottom first
 */
export async function imageToLayers(
  image: OciImage,
  folder: string,
  options: PackLayerOptions,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const path = join(folder, `${index}.sqfs`);
    await packSquashfs(layerEntries(layer, options), path, options);
    paths.push(path);
  }
  return paths;
}

/** How {@link packImage} packs. */
export interface PackImageOptions extends PackLayerOptions {
  /** Entries below everything in the image. */
  readonly below?: readonly TreeEntry[];
  /** Entries above everything in the image; they replace the image's own `/.singularity.d`. */
  readonly above?: readonly TreeEntry[];
  /** A folder for the layers of an image that has several; needs room for them, compressed. */
  readonly scratchDir: string;
}

/** A file tree as a squashfs image: packed where it is written to, or composed while it is read. */
export type PackedTree = SelfWritingContent | Awaited<ReturnType<typeof planComposition>>;

/**
 * Packs the file tree of an image into one squashfs image and hands it over. One layer is packed straight from its
 * stream to where it is to lie; several become images of their own, of which one is composed without compressing
 * anything again.
 * @param use gets the packed tree, which is good until its promise settles, and to be written at most once
 */
export async function withPackedImage<Result>(
  image: OciImage,
  options: PackImageOptions,
  use: (tree: PackedTree) => Promise<Result>,
): Promise<Result> {
  const [only] = image.layers;
  if (image.layers.length === 1 && only !== undefined) {
    return await use({
      writeInto: async (file, offsetBytes) => {
        const packed = await packSquashfs(singleLayerEntries(only, options), { file, offsetBytes }, options);
        return packed.sizeBytes;
      },
    });
  }
  const folder = await mkdtemp(join(options.scratchDir, ".layers-"));
  const opened: SquashfsImage[] = [];
  try {
    const below = await packEntries(options.below, join(folder, "below.sqfs"), options);
    const layers = await imageToLayers(image, folder, options);
    const above = await packEntries(options.above, join(folder, "above.sqfs"), options);
    for (const layer of [...below, ...layers, ...above]) opened.push(await openSquashfs(layer));
    return await use(await planComposition(opened, signalOf(options)));
  } finally {
    await Promise.all(opened.map((layer) => layer.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Packs the file tree of an image into one squashfs file; see {@link withPackedImage}. */
export async function packImage(image: OciImage, path: string, options: PackImageOptions): Promise<void> {
  await withPackedImage(image, options, async (tree) => {
    if (!("writeInto" in tree)) return void (await writeComposition(tree, path, signalOf(options)));
    await using file = await open(path, "w");
    await tree.writeInto(file, 0);
  });
}

function signalOf({ signal }: PackLayerOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Of entries with one path the writer takes the last, so what comes later lies above. */
async function* singleLayerEntries(
  layer: OciLayer,
  options: PackImageOptions,
): AsyncGenerator<TreeEntry, void, undefined> {
  const { below = [], above = [] } = options;
  yield* below;
  for await (const entry of layerEntries(layer, options)) {
    const isReplaced = above.length > 0 && isSingularityPath(entry.path);
    if (!isReplaced && !isWhiteout(entry)) yield entry;
  }
  yield* above;
}

async function packEntries(
  entries: readonly TreeEntry[] = [],
  path: string,
  options: PackLayerOptions,
): Promise<readonly string[]> {
  if (entries.length === 0) return [];
  const stream = async function* (): AsyncGenerator<TreeEntry, void, undefined> {
    yield* entries;
  };
  await packSquashfs(stream(), path, options);
  return [path];
}
