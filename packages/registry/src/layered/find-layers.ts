import type { Digest } from "@repo2singularity/base";
import type { Repository } from "../client/open-repository.ts";
import { type LayersArtifact, layersTypes, parseLayersManifest } from "./layers-artifact.ts";
import { listReferrers } from "../push/referrers-list.ts";

/**
 * The layers of an image, when its registry has them as an artifact.
 * @param manifestDigest of the image's manifest
 * @returns `undefined` when nobody pushed them
 */
export async function findLayers(
  { http, client }: Repository,
  manifestDigest: Digest,
  signal?: AbortSignal,
): Promise<LayersArtifact | undefined> {
  const [found] = await listReferrers(http, manifestDigest, layersTypes.artifact, signal);
  if (found === undefined) return undefined;
  return parseLayersManifest((await client.manifest(found.digest, signal)).bytes, `${http.root}: its layers`);
}
