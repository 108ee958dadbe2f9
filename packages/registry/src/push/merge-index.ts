import { isAppError, sha256Hex, type Digest } from "@repo2singularity/base";
import { parseSifHeader } from "@repo2singularity/image";
import type { Repository } from "../client/open-repository.ts";
import { isIndex, manifestMediaTypes, OciIndex, OciManifest, parseDocument } from "../oci/documents.ts";
import { pushManifest, type PushedManifest } from "./push-manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";

const sifHeaderBytes = 128;

interface IndexEntry {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform: { readonly architecture: string; readonly os: string; readonly variant?: string };
}

/**
 * Puts a manifest into the index under a tag, in place of the one that was there for its architecture. A tag that was
 * one image becomes an index with that image in it.
 */
export async function mergeIntoIndex(
  repository: Repository,
  tag: string,
  added: PushedManifest & { readonly architecture: string },
  signal: AbortSignal | undefined,
): Promise<PushedManifest> {
  const { digest, sizeBytes, mediaType, architecture } = added;
  const there = await entriesOf(repository, tag, signal);
  const others = there.filter(({ platform }) => platform.architecture !== architecture);
  const entry: IndexEntry = { mediaType, digest, size: sizeBytes, platform: { architecture, os: "linux" } };
  const manifests = [...others, entry].toSorted((a, b) => (a.platform.architecture < b.platform.architecture ? -1 : 1));
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  return pushManifest(repository.http, index, { tag, signal });
}

async function entriesOf(
  { client }: Repository,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<readonly IndexEntry[]> {
  const found = await client.manifest(tag, signal).catch((error: unknown) => {
    if (isAppError(error, "E_REGISTRY_NOT_FOUND")) return undefined;
    throw error;
  });
  if (found === undefined) return [];
  if (isIndex(found.bytes, tag)) {
    return parseDocument(OciIndex, found.bytes, tag).manifests.flatMap(({ mediaType, digest, size, platform }) => {
      if (platform === undefined) return [];
      const { variant, ...plain } = platform;
      return [{ mediaType, digest, size, platform: { ...plain, ...(variant !== undefined && { variant }) } }];
    });
  }
  const [layer] = parseDocument(OciManifest, found.bytes, tag).layers;
  const architecture = layer === undefined ? undefined : await sifArchitectureOf(client, layer.digest, signal);
  if (architecture === undefined) return []; // no SIF, or one that says nothing of itself: the tag moves on
  const digest: Digest = `sha256:${sha256Hex(found.bytes)}`;
  const mediaType = found.mediaType === "" ? manifestMediaTypes.manifests[0] : found.mediaType;
  return [{ mediaType, digest, size: found.bytes.length, platform: { architecture, os: "linux" } }];
}

/** What the first bytes of a SIF in a registry say of its processor. */
async function sifArchitectureOf(
  client: Repository["client"],
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const source = await client.openBlob(digest, { startBytes: 0, endBytes: sifHeaderBytes }, signal);
  const chunks: Uint8Array[] = [];
  let seenBytes = 0;
  try {
    for await (const chunk of source.body) {
      chunks.push(Uint8Array.from(chunk));
      seenBytes += chunk.length;
      if (seenBytes >= sifHeaderBytes) break; // a registry without ranges sends everything
    }
    const { architecture } = parseSifHeader(Buffer.concat(chunks).subarray(0, sifHeaderBytes), digest);
    return architecture === "unknown" ? undefined : architecture;
  } catch (error) {
    if (isAppError(error, "E_SIF_INVALID") || isAppError(error, "E_SIF_TRUNCATED")) return undefined;
    throw error;
  } finally {
    source.close();
  }
}
