import { type Digest, isAppError } from "@repo2singularity/base";
import { withLayeredImage } from "@repo2singularity/build/pipeline";
import {
  type DownloadedImage,
  encodeExtents,
  type LayersArtifact,
  type LayersUpload,
  missingBytes,
  pullByLayers,
  type RemoteImage,
  storedUpload,
} from "@repo2singularity/registry";
import type { Store } from "@repo2singularity/store";
import type { HostIo } from "../host-io.ts";

/**
 * The layers of an image for a push; `undefined` when it is not ours, or the cache no longer has them.
 * @param context.digest of the file
 */
export function readLayersUpload(
  file: string,
  context: { readonly store: Store; readonly signal: AbortSignal; readonly digest: Digest },
): Promise<LayersUpload | undefined> {
  return withLayeredImage(file, context, async ({ composition, layers }) => {
    return { extents: await encodeExtents(composition), layers: layers.map(storedUpload) };
  });
}

/** An image that was put together here. */
export interface ComposedDownload extends DownloadedImage {
  /** What had to be fetched. */
  readonly fetchedBytes: number;
}

/** With nothing of an image here, its layers are this much more than the image at most; they make the next pull small. */
const tolerance = 1.05;

/** Failures after which the image itself may still be had. */
const recoverable = ["E_OCI_INVALID", "E_OCI_DIGEST_MISMATCH", "E_REGISTRY_NOT_FOUND", "E_LIMIT_EXCEEDED"] as const;

/**
 * Fetches of an image only the layers that the cache lacks, where its registry has them.
 * @returns `undefined` when the image is to be fetched whole
 */
export async function tryPullByLayers(
  remote: RemoteImage,
  output: string,
  store: Store,
  io: Pick<HostIo, "stderr" | "signal"> & { onProgress(doneBytes: number, totalBytes: number): void },
): Promise<ComposedDownload | undefined> {
  const { layers, digest, sizeBytes } = remote;
  if (layers === undefined || digest === undefined) return undefined;
  const { signal, onProgress } = io;
  try {
    const artifact = await layers.find(signal);
    if (artifact?.image.digest !== digest || !(await isWorthwhile(artifact, store))) return undefined;
    const { fetchedBytes } = await pullByLayers(artifact, output, { store, blobs: layers.blobs, signal, onProgress });
    return { digest, sizeBytes: sizeBytes ?? artifact.image.sizeBytes, isVerified: true, fetchedBytes };
  } catch (error) {
    if (!recoverable.some((code) => isAppError(error, code))) throw error;
    io.stderr.write(`note: its layers cannot be used, so the whole image is fetched: ${(error as Error).message}\n`);
    return undefined;
  }
}

async function isWorthwhile(artifact: LayersArtifact, store: Store): Promise<boolean> {
  return (await missingBytes(artifact, store)) <= artifact.image.sizeBytes * tolerance;
}
