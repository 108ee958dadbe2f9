import { readFile } from "node:fs/promises";
import { canonicalJson, type Digest, sha256Hex } from "@repo2singularity/base";
import {
  type Composition,
  composeUpon,
  openFileAccess,
  openSquashfs,
  openSquashfsFrom,
  planComposition,
  type RandomAccess,
  saveComposition,
  savedCompositionVersion,
  type SquashfsImage,
  tryLoadComposition,
} from "@repo2singularity/image";
import type { Store } from "@repo2singularity/store";
import type { StoredLayer } from "./find-layer.ts";

/** A layer's file in the store. */
export type LayerFile = Pick<StoredLayer, "digest" | "path">;

/** The layers of an image in two parts. */
export interface ImageLayers {
  /** The base and what is installed on it, bottom first: composed once and kept, because commits rarely change it. */
  readonly software: readonly LayerFile[];
  /** What every commit changes, bottom first; at least one layer. */
  readonly content: readonly LayerFile[];
}

const recordKind = "composition";

/**
 * Composes layers and hands the composition on while they are open.
 *
 * The layers of content are composed upon the composition of the software; where they hide something of it, all layers
 * are composed at once. Which way is taken, and every byte, depends on the layers alone, never on what was kept.
 * @throws what `planComposition` throws, and what `use` throws
 */
export async function withComposition<T>(
  layers: ImageLayers,
  context: { readonly store: Store; readonly signal: AbortSignal },
  use: (composition: Composition) => Promise<T>,
): Promise<T> {
  const { store, signal } = context;
  await using open = new AsyncDisposableStack();
  const content: SquashfsImage[] = [];
  for (const layer of layers.content) content.push(open.use(await openSquashfs(layer.path)));
  const software = open.use(await composeSoftware(store, layers.software, open, signal));
  const upon = await composeUpon(await openSquashfsFrom(software), content, { signal });
  if (upon !== undefined) return await use(open.use(upon));
  const all: SquashfsImage[] = [];
  for (const layer of layers.software) all.push(open.use(await openSquashfs(layer.path)));
  return await use(open.use(await planComposition([...all, ...content], { signal })));
}

/** The composition of layers as it was kept, else planned and kept; what it reads is opened in `open`. */
async function composeSoftware(
  store: Store,
  layers: readonly LayerFile[],
  open: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Composition> {
  const key = sha256Hex(
    canonicalJson({ version: savedCompositionVersion, layers: layers.map(({ digest }) => digest) }),
  );
  const kept = await readKept(store, key);
  if (kept !== undefined) {
    const files: RandomAccess[] = [];
    for (const layer of layers) files.push(open.use(await openFileAccess(layer.path)));
    const loaded = tryLoadComposition(kept, files);
    if (loaded !== undefined) return loaded;
  }
  const images: SquashfsImage[] = [];
  for (const layer of layers) images.push(open.use(await openSquashfs(layer.path)));
  const planned = await planComposition(images, { signal });
  // recoded layers lie in a scratch folder, so a plan of them cannot be kept
  if (planned.notes.length === 0) {
    const { digest } = await store.put(saveComposition(planned), { signal });
    await store.writeRecord(recordKind, key, {}, [digest]);
  }
  return planned;
}

async function readKept(store: Store, key: string): Promise<Uint8Array | undefined> {
  const digest: Digest | undefined = (await store.readRecord(recordKind, key))?.files[0];
  const file = digest === undefined ? undefined : await store.find(digest);
  return file === undefined ? undefined : readFile(file.path);
}
