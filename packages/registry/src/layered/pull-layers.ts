import { createHash } from "node:crypto";
import type { Digest } from "@repo2singularity/base";
import { AppError } from "@repo2singularity/base";
import { type Composition, openFileAccess, type RandomAccess, replaceFile, writeFully } from "@repo2singularity/image";
import type { Store, StoredFile } from "@repo2singularity/store";
import type { RemoteBlobs } from "../remote/remote-image.ts";
import { composeExtents, unpackExtents } from "./extents-blob.ts";
import type { LayersArtifact, SizedDigest } from "./layers-artifact.ts";

/** How an image is put together on this machine. */
export interface PullLayersOptions {
  /** Keeps layers; those that it has are not fetched. */
  readonly store: Pick<Store, "find" | "put">;
  /** Of the repository that has the artifact. */
  readonly blobs: RemoteBlobs;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were fetched, of those that are missing here. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What came of it. */
export interface PulledByLayers {
  /** What had to be fetched. */
  readonly fetchedBytes: number;
  readonly fetchedLayers: number;
}

/** A list of extents above this is not fetched: it is compressed, and of an image with a million files about 40 MiB. */
const extentsLimitBytes = 128 * 2 ** 20;

/**
 * What of an image's layers is not here.
 * @returns bytes, the list of extents among them
 */
export async function missingBytes(
  { extents, layers }: LayersArtifact,
  store: PullLayersOptions["store"],
): Promise<number> {
  const missing = await missingLayers(layers, store);
  return extents.sizeBytes + missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * Puts an image together from its layers, fetching those that the store does not have. The file appears under its name
 * when it is whole and has the promised digest.
 * @throws E_OCI_DIGEST_MISMATCH when layers and extents do not give the promised file; nothing is left then
 * @throws E_LIMIT_EXCEEDED, E_OCI_INVALID for an artifact that is none; what fetching throws; E_NO_SPACE
 */
export async function pullByLayers(
  artifact: LayersArtifact,
  path: string,
  options: PullLayersOptions,
): Promise<PulledByLayers> {
  const { store } = options;
  const { extents } = artifact;
  if (extents.sizeBytes > extentsLimitBytes) {
    throw new AppError("E_LIMIT_EXCEEDED", `${extents.digest}: a list of extents has ${extents.sizeBytes} bytes`);
  }
  const missing = await missingLayers(artifact.layers, store);
  const progress = countProgress([extents, ...missing], options.onProgress);
  const list = await collect(fetched(extents, options, progress));
  for (const layer of missing) await store.put(fetched(layer, options, progress), putOptions(layer, options));
  await using open = new AsyncDisposableStack();
  const files: RandomAccess[] = [];
  for (const { digest } of artifact.layers) {
    const file = await foundLayer(digest, store);
    files.push(open.use(await openFileAccess(file.path)));
  }
  const what = `extents ${extents.digest}`;
  const composition = composeExtents(await unpackExtents(list, what), files, what);
  await writeImage(composition, artifact.image, path, options.signal);
  return { fetchedBytes: progress.doneBytes(), fetchedLayers: missing.length };
}

async function missingLayers(
  layers: readonly SizedDigest[],
  store: PullLayersOptions["store"],
): Promise<readonly SizedDigest[]> {
  const found = await Promise.all(layers.map(({ digest }) => store.find(digest)));
  const missing = layers.filter((_, index) => found[index] === undefined);
  return [...new Map(missing.map((layer) => [layer.digest, layer])).values()];
}

async function foundLayer(digest: Digest, store: PullLayersOptions["store"]): Promise<StoredFile> {
  const file = await store.find(digest);
  if (file !== undefined) return file;
  throw new AppError("E_STORE_CORRUPT", `${digest}: the layer went from the cache while it was in use`);
}

function putOptions(
  { digest }: SizedDigest,
  { signal }: PullLayersOptions,
): { readonly expected: Digest; readonly signal?: AbortSignal } {
  return { expected: digest, ...(signal === undefined ? {} : { signal }) };
}

interface Progress {
  add(bytes: number): void;
  doneBytes(): number;
}

function countProgress(blobs: readonly SizedDigest[], report: PullLayersOptions["onProgress"]): Progress {
  const totalBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  return {
    add: (bytes) => {
      doneBytes += bytes;
      report?.(doneBytes, totalBytes);
    },
    doneBytes: () => doneBytes,
  };
}

async function* fetched(
  { digest, sizeBytes }: SizedDigest,
  { blobs, signal }: PullLayersOptions,
  progress: Progress,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of blobs.blob(digest, sizeBytes, signal)) {
    progress.add(chunk.length);
    yield chunk;
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk)); // the source may reuse its memory
  return Buffer.concat(parts);
}

/** Writes the file and compares its digest before it gets its name. */
async function writeImage(
  composition: Composition,
  image: SizedDigest,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (composition.sizeBytes !== image.sizeBytes) throw mismatch(image, `${composition.sizeBytes} bytes`);
  const write = async (file: Parameters<typeof writeFully>[0]): Promise<void> => {
    const hash = createHash("sha256");
    let position = 0;
    for await (const chunk of composition.read(0, composition.sizeBytes)) {
      signal?.throwIfAborted();
      hash.update(chunk);
      await writeFully(file, chunk, position);
      position += chunk.length;
    }
    const found = `sha256:${hash.digest("hex")}`;
    if (found !== image.digest) throw mismatch(image, found);
  };
  await replaceFile(path, write, { mode: 0o755 });
}

function mismatch({ digest, sizeBytes }: SizedDigest, found: string): AppError {
  return new AppError(
    "E_OCI_DIGEST_MISMATCH",
    `the layers of ${digest} give another image: expected ${sizeBytes} bytes of that digest, found ${found}`,
    { hint: "pull it again with --whole, which fetches the image itself" },
  );
}
