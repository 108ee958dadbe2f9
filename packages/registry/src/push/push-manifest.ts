import { AppError, sha256Hex, type Digest } from "@repo2singularity/base";
import { discardBody, headerOf, retry, type RetryPolicy } from "@repo2singularity/base/http";
import type { RepositoryHttp } from "../client/repository-http.ts";
import { statusError } from "../http/errors.ts";
import { manifestMediaTypes } from "../oci/documents.ts";

/** A manifest as it lies in a registry. */
export interface PushedManifest {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Whether the registry looks after the referrers of its subject. */
  readonly knowsSubject: boolean;
}

/**
 * Puts a manifest or index under a tag, or under its digest when there is none.
 * @param document is written as JSON, in the order of its keys
 * @throws E_OCI_DIGEST_MISMATCH when the registry says that it has stored something else
 */
export async function pushManifest(
  http: RepositoryHttp,
  document: { readonly mediaType: string },
  options: {
    readonly tag?: string;
    readonly retryPolicy?: RetryPolicy | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<PushedManifest> {
  const { retryPolicy, signal } = options;
  return retry(() => putManifest(http, document, options), { signal, ...(retryPolicy && { policy: retryPolicy }) });
}

async function putManifest(
  http: RepositoryHttp,
  document: { readonly mediaType: string },
  options: { readonly tag?: string; readonly signal?: AbortSignal | undefined },
): Promise<PushedManifest> {
  const text = JSON.stringify(document);
  const digest: Digest = `sha256:${sha256Hex(text)}`;
  const { mediaType } = document;
  const answer = await http.ask(`manifests/${options.tag ?? digest}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: text,
    signal: options.signal,
  });
  if (![200, 201, 202].includes(answer.statusCode)) throw await statusError(answer);
  const knowsSubject = headerOf(answer, "oci-subject") !== undefined;
  const stored = headerOf(answer, "docker-content-digest");
  discardBody(answer);
  if (stored !== undefined && stored.startsWith("sha256:") && stored !== digest) {
    throw new AppError("E_OCI_DIGEST_MISMATCH", `${answer.shownUrl}: stored ${stored}, expected ${digest}`);
  }
  return { digest, sizeBytes: Buffer.byteLength(text), mediaType, knowsSubject };
}

/**
 * Asks what a tag is now, without its bytes.
 * @returns undefined when there is none of that name
 */
export async function headManifest(
  http: RepositoryHttp,
  tag: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const answer = await http.ask(`manifests/${tag}`, { method: "HEAD", headers: { accept: acceptedTypes }, signal });
  if (answer.statusCode !== 200 && answer.statusCode !== 404) throw await statusError(answer);
  discardBody(answer);
  return answer.statusCode === 200 ? headerOf(answer, "docker-content-digest") : undefined;
}

const acceptedTypes = [...manifestMediaTypes.manifests, ...manifestMediaTypes.indexes].join(", ");
