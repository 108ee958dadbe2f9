import type { Digest } from "@repo2singularity/base";
import type { RepositoryHttp } from "../client/repository-http.ts";
import { addReferrer } from "./referrers-list.ts";
import { pushBlob, type PushBlobOptions } from "./push-blob.ts";
import { pushManifest } from "./push-manifest.ts";
import { bytesUpload } from "./upload-source.ts";
import { mediaTypes } from "../oci/media-types.ts";

/** A text that says something about an image: a bill of materials, provenance, a signature. */
export interface Attachment {
  /** Of the artifact and of its one layer, such as `application/spdx+json`. */
  readonly mediaType: string;
  /** What it is called when it is fetched as a file. */
  readonly title: string;
  readonly content: string;
}

/**
 * Pushes a text that refers to an image, as `oras attach` does.
 * Source: OCI image specification 1.1, "Guidelines for artifact usage"
 */
export async function pushAttachment(
  http: RepositoryHttp,
  subject: { readonly digest: Digest; readonly sizeBytes: number; readonly mediaType: string },
  { mediaType, title, content }: Attachment,
  options: PushBlobOptions = {},
): Promise<void> {
  const blob = bytesUpload(Buffer.from(content));
  const config = bytesUpload(Buffer.from("{}"));
  for (const source of [blob, config]) await pushBlob(http, source, options);
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: mediaType,
    config: { mediaType: mediaTypes.emptyConfig, digest: config.digest, size: config.sizeBytes },
    layers: [
      {
        mediaType,
        digest: blob.digest,
        size: blob.sizeBytes,
        annotations: { "org.opencontainers.image.title": title },
      },
    ],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.sizeBytes },
  };
  const pushed = await pushManifest(http, document, { signal: options.signal });
  await addReferrer(http, subject.digest, { ...pushed, artifactType: mediaType }, options.signal);
}
