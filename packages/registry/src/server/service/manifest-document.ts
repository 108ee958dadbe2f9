import * as z from "zod";
import { mediaTypes, sifLayerTypes } from "../../oci/media-types.ts";
import { type BlobDigest, tryParseDigest } from "./names.ts";
import { refuse } from "./refusal.ts";

const indexTypes: readonly string[] = [mediaTypes.index, mediaTypes.dockerList];
const knownTypes: readonly string[] = [mediaTypes.manifest, mediaTypes.dockerManifest, ...indexTypes];

/** Bytes of a manifest: what the specification asks registries to take at least. */
export const manifestLimitBytes = 4 * 2 ** 20;

const Descriptor = z.object({
  mediaType: z.string().default(""),
  digest: z.string(),
  size: z.number().int().nonnegative(),
  urls: z.array(z.string()).optional(),
});

const Document = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: Descriptor.optional(),
  layers: z.array(Descriptor).optional(),
  manifests: z.array(Descriptor).optional(),
  subject: Descriptor.optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** What the registry needs to know of a manifest or index. */
export interface ManifestFacts {
  readonly mediaType: string;
  /** The artifact's type, or that of an image's config, as referrers are filtered by. */
  readonly artifactType: string | undefined;
  readonly subject: BlobDigest | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Blobs that must be there: config and layers, without those that say where else they lie. */
  readonly blobs: readonly BlobDigest[];
  /** Layers among the blobs, which a sparse manifest may lack. */
  readonly layers: readonly BlobDigest[];
  /** Manifests that an index lists. */
  readonly children: readonly BlobDigest[];
  /** Of the SIF when it is a manifest as `apptainer push oras://` makes it. */
  readonly image: BlobDigest | undefined;
}

/**
 * Reads a manifest or index.
 * @param contentType as the client said it, which must be what the document says
 * @throws manifest-invalid
 */
export function parseManifest(bytes: Uint8Array, contentType: string): ManifestFacts {
  const document = parseDocument(bytes);
  const mediaType = contentType.split(";")[0]?.trim() ?? "";
  if (document.mediaType !== undefined && document.mediaType !== mediaType) {
    throw refuse("manifest-invalid", `sent as "${mediaType}", but it says it is "${document.mediaType}"`);
  }
  if (!knownTypes.includes(mediaType)) {
    throw refuse("manifest-invalid", `"${mediaType}" is no type of manifest or index that is known here`);
  }
  const isIndex = indexTypes.includes(mediaType);
  if (isIndex ? document.manifests === undefined : document.config === undefined) {
    throw refuse("manifest-invalid", `a ${isIndex ? 'index needs "manifests"' : 'manifest needs "config"'}`);
  }
  const layers = isIndex ? [] : (document.layers ?? []);
  const required = layers.filter(({ mediaType: type, urls }) => !isForeign(type) && (urls?.length ?? 0) === 0);
  const [only] = layers;
  const isImage = layers.length === 1 && only !== undefined && sifLayerTypes.includes(only.mediaType);
  return {
    mediaType,
    artifactType: document.artifactType ?? (isIndex ? undefined : document.config?.mediaType),
    subject: document.subject && digestOf(document.subject),
    annotations: document.annotations ?? undefined,
    blobs: unique([...(isIndex || !document.config ? [] : [document.config]), ...required].map(digestOf)),
    layers: unique(required.map(digestOf)),
    children: unique((isIndex ? (document.manifests ?? []) : []).map(digestOf)),
    image: isImage ? digestOf(only) : undefined,
  };
}

function parseDocument(bytes: Uint8Array): z.infer<typeof Document> {
  try {
    return Document.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll("\n", " ") : String(error);
    throw refuse("manifest-invalid", `the manifest cannot be read: ${why.slice(0, 300)}`);
  }
}

/** Layers that registries are not asked to hold. Source: OCI image 1.1, "Non-distributable layers"; Docker's "foreign". */
function isForeign(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}

function digestOf({ digest }: { readonly digest: string }): BlobDigest {
  const parsed = tryParseDigest(digest);
  if (parsed === undefined) throw refuse("manifest-invalid", `"${digest.slice(0, 200)}" is no digest`);
  return parsed;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
