import type { Digest } from "@repo2singularity/base";
import * as z from "zod";
import { type OciDescriptor, OciManifest, parseDocument } from "../oci/documents.ts";
import { mediaTypes } from "../oci/media-types.ts";

/** Media types of an image's layers as an artifact of their own, which refers to the image. */
export const layersTypes = {
  artifact: "application/vnd.repo2singularity.layers.v1",
  /** See `encodeExtents`. */
  extents: "application/vnd.repo2singularity.extents.v1+zstd",
  layer: "application/vnd.repo2singularity.layer.v1.squashfs",
} as const;

/** Annotations that name the file which the layers give. */
const annotations = {
  digest: "org.repo2singularity.image.digest",
  sizeBytes: "org.repo2singularity.image.size",
} as const;

/** Something that is known by its digest. */
export interface SizedDigest {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** An image as its layers, and how they are put together. */
export interface LayersArtifact {
  /** The finished file. */
  readonly image: SizedDigest;
  readonly extents: SizedDigest;
  /** Bottom first; pieces of the image name them by their place. */
  readonly layers: readonly SizedDigest[];
}

/**
 * The manifest of an image's layers. Source: OCI image specification 1.1, "Guidelines for artifact usage".
 * @param subject the image's own manifest, which registries list this one under
 */
export function layersManifest(
  { image, extents, layers }: LayersArtifact,
  subject: SizedDigest & { readonly mediaType: string },
): { readonly mediaType: string } {
  const descriptor = (mediaType: string, { digest, sizeBytes }: SizedDigest): object => ({
    mediaType,
    digest,
    size: sizeBytes,
  });
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: layersTypes.artifact,
    config: descriptor(layersTypes.extents, extents),
    layers: layers.map((layer) => descriptor(layersTypes.layer, layer)),
    subject: descriptor(subject.mediaType, subject),
    annotations: { [annotations.digest]: image.digest, [annotations.sizeBytes]: String(image.sizeBytes) },
  };
  return document;
}

const LayersManifest = OciManifest.extend({
  artifactType: z.literal(layersTypes.artifact),
  annotations: z.object({
    [annotations.digest]: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    [annotations.sizeBytes]: z.string().regex(/^\d{1,15}$/),
  }),
});

/**
 * Reads the manifest of an image's layers.
 * @param what named in errors
 * @throws E_OCI_INVALID
 */
export function parseLayersManifest(bytes: Uint8Array, what: string): LayersArtifact {
  const manifest = parseDocument(LayersManifest, bytes, what);
  const sized = ({ digest, size }: OciDescriptor): SizedDigest => ({ digest, sizeBytes: size });
  return {
    image: {
      digest: manifest.annotations[annotations.digest] as Digest, // by its pattern
      sizeBytes: Number(manifest.annotations[annotations.sizeBytes]),
    },
    extents: sized(manifest.config),
    layers: manifest.layers.map(sized),
  };
}
