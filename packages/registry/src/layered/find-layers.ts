import type { Digest } from "@repo2singularity/base";
import { discardBody, type HttpAnswer } from "@repo2singularity/base/http";
import * as z from "zod";
import type { Repository } from "../client/open-repository.ts";
import { statusError } from "../http/errors.ts";
import { parseDocument } from "../oci/documents.ts";
import { readVerified } from "../oci/verify-stream.ts";
import { type LayersArtifact, layersTypes, parseLayersManifest } from "./layers-artifact.ts";

const Referrers = z.object({
  manifests: z.array(z.object({ digest: z.string(), artifactType: z.string().optional() })),
});
const listLimitBytes = 4 * 2 ** 20;

/**
 * The layers of an image, when its registry has them as an artifact. Asks the list of referrers, and where a registry
 * keeps none, the tag that stands for it. Source: OCI distribution specification 1.1, "Listing Referrers"
 * @param manifestDigest of the image's manifest
 * @returns `undefined` when nobody pushed them
 */
export async function findLayers(
  { http, client }: Repository,
  manifestDigest: Digest,
  signal?: AbortSignal,
): Promise<LayersArtifact | undefined> {
  const type = encodeURIComponent(layersTypes.artifact);
  const listed =
    (await readList(await http.ask(`referrers/${manifestDigest}?artifactType=${type}`, { signal }))) ??
    (await readList(await http.ask(`manifests/${manifestDigest.replace(":", "-")}`, { headers: { accept }, signal })));
  const found = listed?.find(({ artifactType }) => artifactType === layersTypes.artifact);
  if (found === undefined) return undefined;
  return parseLayersManifest((await client.manifest(found.digest, signal)).bytes, `${http.root}: its layers`);
}

const accept = "application/vnd.oci.image.index.v1+json";

/** @returns `undefined` when the registry has no such list */
async function readList(answer: HttpAnswer): Promise<z.infer<typeof Referrers>["manifests"] | undefined> {
  if (answer.statusCode === 404) {
    discardBody(answer);
    return undefined;
  }
  if (answer.statusCode !== 200) throw await statusError(answer);
  const body = answer.body as AsyncIterable<Uint8Array>; // a body without an encoding gives bytes
  const unchecked = { what: answer.shownUrl, digest: undefined, sizeBytes: undefined, limitBytes: listLimitBytes };
  return parseDocument(Referrers, await readVerified(body, unchecked), answer.shownUrl).manifests;
}
