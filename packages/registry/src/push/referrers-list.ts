import type { Digest } from "@repo2singularity/base";
import { discardBody, type HttpAnswer } from "@repo2singularity/base/http";
import * as z from "zod";
import type { RepositoryHttp } from "../client/repository-http.ts";
import { statusError } from "../http/errors.ts";
import { parseDocument } from "../oci/documents.ts";
import { readVerified } from "../oci/verify-stream.ts";
import { type PushedManifest, pushManifest } from "./push-manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";

/*
 * Which manifests say something about another one. Registries of the distribution specification 1.1 answer that
 * themselves; for older ones clients keep the list under a tag that is made of the digest.
 * Source: OCI distribution specification 1.1, "Listing Referrers", "Referrers Tag Schema"
 */

const listLimitBytes = 4 * 2 ** 20;

const Referrer = z.looseObject({ digest: z.string(), artifactType: z.string().optional() });
const Referrers = z.looseObject({ manifests: z.array(Referrer) });

/** One entry of the list; what else stands in it stays. */
export type Referrer = z.infer<typeof Referrer>;

/** The manifests of a type that refer to another; empty when the registry knows of none. */
export async function listReferrers(
  http: RepositoryHttp,
  subject: Digest,
  artifactType: string,
  signal?: AbortSignal,
): Promise<readonly Referrer[]> {
  const query = `referrers/${subject}?artifactType=${encodeURIComponent(artifactType)}`;
  const listed = (await readList(await http.ask(query, { signal }))) ?? (await readTag(http, subject, signal)) ?? [];
  return listed.filter((one) => one.artifactType === artifactType);
}

/** Adds a manifest to the list of its subject where the registry does not do that itself. */
export async function addReferrer(
  http: RepositoryHttp,
  subject: Digest,
  pushed: PushedManifest & { readonly artifactType: string },
  signal?: AbortSignal,
): Promise<void> {
  if (pushed.knowsSubject) return;
  const { mediaType, digest, sizeBytes, artifactType } = pushed;
  const others = ((await readTag(http, subject, signal)) ?? []).filter((one) => one.digest !== digest);
  const entry = { mediaType, digest, size: sizeBytes, artifactType };
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, entry] };
  await pushManifest(http, index, { tag: tagOf(subject), signal });
}

function tagOf(subject: Digest): string {
  return subject.replace(":", "-");
}

async function readTag(
  http: RepositoryHttp,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Referrer[] | undefined> {
  return readList(await http.ask(`manifests/${tagOf(subject)}`, { headers: { accept: mediaTypes.index }, signal }));
}

/** @returns `undefined` when the registry has no such list */
async function readList(answer: HttpAnswer): Promise<readonly Referrer[] | undefined> {
  if (answer.statusCode === 404) {
    discardBody(answer);
    return undefined;
  }
  if (answer.statusCode !== 200) throw await statusError(answer);
  const body = answer.body as AsyncIterable<Uint8Array>; // a body without an encoding gives bytes
  const unchecked = { what: answer.shownUrl, digest: undefined, sizeBytes: undefined, limitBytes: listLimitBytes };
  return parseDocument(Referrers, await readVerified(body, unchecked), answer.shownUrl).manifests;
}
