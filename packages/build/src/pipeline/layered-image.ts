import { createHash } from "node:crypto";
import type { Digest } from "@repo2singularity/base";
import type { ImageRecord } from "@repo2singularity/contracts";
import { Composition, composeSif, openSif } from "@repo2singularity/image";
import type { Store, StoredFile } from "@repo2singularity/store";
import { readImageRecord } from "./compose-image.ts";
import { withComposition } from "./compose-layers.ts";

/** A SIF as what it was composed from. */
export interface LayeredImage {
  /** The whole file, byte by byte. */
  readonly composition: Composition;
  /** Bottom first; pieces of the composition name them by their place. */
  readonly layers: readonly StoredFile[];
}

/**
 * Takes a SIF apart into the layers that it was composed from, for registries that keep layers apart, and hands it on
 * while they are open.
 * @param context.digest of the file, which its layers must give
 * @returns `undefined` when the file is no image of ours, when the cache no longer has its layers, or when they do not
 * give this very file
 * @throws E_SIF_INVALID, E_SIF_TRUNCATED when the file is no SIF
 */
export async function withLayeredImage<T>(
  file: string,
  context: { readonly store: Store; readonly signal: AbortSignal; readonly digest: Digest },
  use: (image: LayeredImage) => Promise<T>,
): Promise<T | undefined> {
  const record = await readImageRecord(file);
  const layers = record === undefined ? undefined : await findLayers(record, context.store);
  if (record === undefined || layers === undefined) return undefined;
  const softwareCount = countSoftware(record);
  const parts = { software: layers.slice(0, softwareCount), content: layers.slice(softwareCount) };
  return withComposition(parts, context, async (partition) => {
    await using sif = await openSif(file);
    if (sif.primaryPartition().sizeBytes !== partition.sizeBytes) return undefined;
    const composition = numberLayers(await composeSif(sif, partition), layers);
    if (composition === undefined || (await digestOf(composition, context.signal)) !== context.digest) return undefined;
    return await use({ composition, layers });
  });
}

/** Every layer's file, when the cache has them all. */
async function findLayers(record: ImageRecord, store: Store): Promise<readonly StoredFile[] | undefined> {
  const found = await Promise.all(record.layers.map(({ digest }) => store.find(digest as Digest))); // as builds write it
  return found.every((one) => one !== undefined) ? found : undefined;
}

/**
 * How many layers are composed first: see `ImageLayers`. In images of recipes those below the repository's content, in
 * those of container files all but the last step.
 */
function countSoftware({ layers }: ImageRecord): number {
  const content = layers.findIndex(({ name }) => name === "content");
  return content < 0 ? Math.max(1, layers.length - 2) : content;
}

/** A composition upon another one counts its layers in its own way; here they have the places of the list. */
function numberLayers(composition: Composition, layers: readonly StoredFile[]): Composition | undefined {
  const places = new Map(layers.map(({ path }, index) => [path, index]));
  const pieces = composition.pieces.map((piece) => {
    if (piece.source.kind === "bytes") return piece;
    const layer = places.get(piece.source.access.file?.path ?? "");
    return layer === undefined ? undefined : { ...piece, source: { ...piece.source, layer } };
  });
  // a layer that was recoded lies in a scratch folder
  if (!pieces.every((piece) => piece !== undefined)) return undefined;
  const { inodeCount, notes } = composition;
  return new Composition({ pieces, inodeCount, notes, release: () => Promise.resolve() });
}

/** Memory: two chunks. */
async function digestOf(source: Composition, signal: AbortSignal): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const chunk of source.read(0, source.sizeBytes)) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  return `sha256:${hash.digest("hex")}`;
}
