import { basename } from "node:path";
import { AppError, sha256Hex, type Digest } from "@repo2singularity/base";
import { openRepository, type Repository } from "../client/open-repository.ts";
import { composesLayers, type LayersUpload, pushLayers } from "../layered/push-layers.ts";
import { formatReference, type RegistryReference } from "../reference/parse-reference.ts";
import type { RemoteAccess } from "../remote/remote-access.ts";
import { mergeIntoIndex } from "./merge-index.ts";
import { type Attachment, pushAttachment } from "./push-attachment.ts";
import { pushBlob, type PushBlobOptions } from "./push-blob.ts";
import { headManifest, pushManifest } from "./push-manifest.ts";
import { bytesUpload, fileUpload } from "./upload-source.ts";
import { mediaTypes } from "../oci/media-types.ts";

/** What is pushed to an OCI registry. */
export interface PushOrasOptions extends RemoteAccess, Pick<PushBlobOptions, "chunkBytes" | "mountFrom"> {
  /**
   * Puts the image into an index of several architectures under the tag, in Go's names; without it the tag is the
   * image, which is all that apptainer before 1.5 can pull on other processors than amd64.
   */
  readonly indexArchitecture?: string;
  /** The image's layers, for those who have some of them; asked for when the registry is to get them. */
  readonly layers?: (digest: Digest) => Promise<LayersUpload | undefined>;
  /** Texts that say something about the image, to be found by its manifest. */
  readonly attachments?: (digest: Digest) => Promise<readonly Attachment[]>;
  /** Whether any registry gets the layers, or only those that need nothing else; the latter when left out. */
  readonly layersAnywhere?: boolean;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What came of a push. */
export interface PushedImage {
  /** Of the SIF. */
  readonly digest: Digest;
  /** Of the manifest, for `@sha256:…` references; undefined where the protocol has none. */
  readonly manifestDigest: Digest | undefined;
  readonly sizeBytes: number;
  /** What had to be sent, of the image or of its layers. */
  readonly sentBytes: number;
}

/**
 * Pushes a SIF to an OCI registry, as `apptainer push oras://` does: equal files of equal names make equal manifests.
 * What is there already is not sent.
 * @throws E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL, E_FILE_ACCESS
 */
export async function pushOras(
  path: string,
  reference: RegistryReference,
  options: PushOrasOptions,
): Promise<PushedImage> {
  const { signal, retryPolicy, chunkBytes, mountFrom, onProgress, indexArchitecture } = options;
  if (reference.digest !== undefined) {
    throw new AppError("E_REFERENCE_INVALID", `${formatReference(reference)}: a digest cannot be pushed to, a tag can`);
  }
  const tag = reference.tag ?? "latest";
  const source = await fileUpload(path, signal);
  const { sizeBytes, digest } = source;
  const manifest = sifManifest({ digest, sizeBytes, title: basename(path) });
  const manifestDigest: Digest = `sha256:${sha256Hex(JSON.stringify(manifest))}`;
  const repository = openRepository(reference, options);
  const pushed = { digest, manifestDigest, sizeBytes };
  if (indexArchitecture === undefined && (await headManifest(repository.http, tag, signal)) === manifestDigest) {
    return { ...pushed, sentBytes: 0 };
  }
  const common = { signal, ...(retryPolicy && { retryPolicy }) };
  const subject = {
    mediaType: mediaTypes.manifest,
    digest: manifestDigest,
    sizeBytes: JSON.stringify(manifest).length,
  };
  const layerBytes = await pushLayersWhereWanted(repository.http, { digest, sizeBytes, subject }, options);
  const how = await pushBlob(repository.http, source, {
    ...common,
    ...(chunkBytes !== undefined && { chunkBytes }),
    ...(mountFrom !== undefined && { mountFrom }),
    ...(onProgress !== undefined && { onProgress: (doneBytes) => onProgress(doneBytes, sizeBytes) }),
  });
  await pushBlob(repository.http, bytesUpload(emptyConfig), common);
  if (indexArchitecture === undefined) {
    await pushManifest(repository.http, manifest, { tag, ...common });
  } else {
    const entry = { ...(await pushManifest(repository.http, manifest, common)), architecture: indexArchitecture };
    await mergeIntoIndex(repository, tag, entry, signal);
  }
  for (const one of (await options.attachments?.(digest)) ?? []) {
    await pushAttachment(repository.http, subject, one, common);
  }
  return { ...pushed, sentBytes: layerBytes + (how === "sent" ? sizeBytes : 0) };
}

/** @returns bytes that were sent */
async function pushLayersWhereWanted(
  http: Repository["http"],
  image: Parameters<typeof pushLayers>[2],
  { layers: find, layersAnywhere = false, signal, retryPolicy, onProgress }: PushOrasOptions,
): Promise<number> {
  if (find === undefined || !(layersAnywhere || (await composesLayers(http, signal)))) return 0;
  const upload = await find(image.digest);
  if (upload === undefined) return 0;
  const totalBytes = upload.layers.reduce((sum, layer) => sum + layer.sizeBytes, upload.extents.length);
  return pushLayers(http, upload, image, {
    signal,
    ...(retryPolicy && { retryPolicy }),
    onProgress: (doneBytes) => onProgress?.(doneBytes, totalBytes),
  });
}

const emptyConfig = Buffer.from("{}");

/** The manifest of a SIF with its keys in the order in which apptainer 1.4 writes them. */
function sifManifest(sif: { readonly digest: Digest; readonly sizeBytes: number; readonly title: string }): {
  readonly mediaType: string;
} {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: {
      mediaType: mediaTypes.sifConfig,
      size: emptyConfig.length,
      digest: `sha256:${sha256Hex(emptyConfig)}`,
    },
    layers: [
      {
        mediaType: mediaTypes.sifLayer,
        size: sif.sizeBytes,
        digest: sif.digest,
        annotations: { "org.opencontainers.image.title": sif.title },
      },
    ],
  };
  return document;
}
