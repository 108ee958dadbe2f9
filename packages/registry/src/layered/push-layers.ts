import { discardBody, headerOf } from "@repo2singularity/base/http";
import type { RepositoryHttp } from "../client/repository-http.ts";
import { pushBlob, type PushBlobOptions } from "../push/push-blob.ts";
import { pushManifest } from "../push/push-manifest.ts";
import { bytesUpload, type UploadSource } from "../push/upload-source.ts";
import { layersManifest, layersTypes, type SizedDigest } from "./layers-artifact.ts";
import { addReferrer } from "../push/referrers-list.ts";

/** An image's layers, to be pushed. */
export interface LayersUpload {
  /** See `encodeExtents`. */
  readonly extents: Uint8Array;
  /** Bottom first. */
  readonly layers: readonly UploadSource[];
}

/** Header of every answer of a registry that makes images from their layers, and the version that it knows. */
export const composesHeader = { name: "r2s-composes-layers", value: "v1" } as const;

/** Whether a registry makes images from their layers, so that the image itself need not be sent. */
export async function composesLayers(http: RepositoryHttp, signal?: AbortSignal): Promise<boolean> {
  const answer = await http.ask(new URL("/v2/", http.root).toString(), { signal });
  discardBody(answer);
  return headerOf(answer, composesHeader.name) === composesHeader.value;
}

/**
 * Pushes the layers of an image that the repository lacks, and the artifact that says how they make it.
 * @param image with its manifest, which may come later
 * @returns bytes that were sent
 */
export async function pushLayers(
  http: RepositoryHttp,
  { extents, layers }: LayersUpload,
  image: SizedDigest & { readonly subject: SizedDigest & { readonly mediaType: string } },
  options: PushBlobOptions,
): Promise<number> {
  const { onProgress, ...common } = options;
  const list = bytesUpload(extents);
  let doneBytes = 0;
  let sentBytes = 0;
  for (const source of [...layers, list]) {
    const before = doneBytes;
    const how = await pushBlob(http, source, { ...common, onProgress: (bytes) => onProgress?.(before + bytes) });
    if (how === "sent") sentBytes += source.sizeBytes;
    doneBytes += source.sizeBytes;
  }
  const manifest = layersManifest({ image, extents: list, layers }, image.subject);
  const pushed = await pushManifest(http, manifest, { signal: options.signal });
  await addReferrer(http, image.subject.digest, { ...pushed, artifactType: layersTypes.artifact }, options.signal);
  return sentBytes;
}
