import * as z from "zod";
import { AppError, type Digest } from "@repo2singularity/base";
import { mediaTypes } from "./media-types.ts";

/** `sha256:` and 64 digits. */
const DigestText = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .transform((text) => text as Digest); // the pattern is the type

const Descriptor = z.object({
  mediaType: z.string().default(""),
  digest: DigestText,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).nullish(),
  /** Where the content lies too. */
  urls: z.array(z.string()).optional(),
});

const Platform = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
});

/** An image manifest, OCI's or Docker's schema 2. */
export const OciManifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: Descriptor,
  layers: z.array(Descriptor),
});
export type OciManifest = z.infer<typeof OciManifest>;

/** An image index, OCI's, or Docker's manifest list. */
export const OciIndex = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(Descriptor.extend({ platform: Platform.optional() })),
});
export type OciIndex = z.infer<typeof OciIndex>;

const Words = z
  .union([z.array(z.string()), z.string().transform((text) => ["/bin/sh", "-c", text])])
  .nullish()
  .transform((words) => words ?? []);

/** What an image's config says of how it runs; unknown keys are left out. */
export const OciConfig = z.object({
  architecture: z.string().default(""),
  os: z.string().default("linux"),
  variant: z.string().optional(),
  created: z.string().nullish(),
  config: z
    .object({
      Env: z.array(z.string()).nullish(),
      Entrypoint: Words,
      Cmd: Words,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      Shell: z.array(z.string()).nullish(),
      OnBuild: z.array(z.string()).nullish(),
    })
    .nullish(),
  rootfs: z.object({ type: z.string().default("layers"), diff_ids: z.array(DigestText) }),
});
export type OciConfig = z.infer<typeof OciConfig>;

/** `manifest.json` of `docker save`. */
export const DockerArchiveManifest = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()),
  }),
);
export type DockerArchiveManifest = z.infer<typeof DockerArchiveManifest>;

/** A descriptor of content somewhere else. */
export type OciDescriptor = z.infer<typeof Descriptor>;

/** Media types of manifests and indexes, in the order in which they are wanted. */
export const manifestMediaTypes = {
  manifests: [mediaTypes.manifest, mediaTypes.dockerManifest],
  indexes: [mediaTypes.index, mediaTypes.dockerList],
} as const;

/**
 * Parses a JSON document of an image.
 * @param what named in errors, such as the document's address
 * @throws E_OCI_INVALID when it is no JSON or lacks something
 */
export function parseDocument<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
  what: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new AppError("E_OCI_INVALID", `${what}: is no JSON`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError("E_OCI_INVALID", `${what}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is malformed"}`);
}

/** Whether a manifest document is an index of several; goes by its content, because media types are often left out. */
export function isIndex(bytes: Uint8Array, what: string): boolean {
  const document = parseDocument(z.object({ manifests: z.array(z.unknown()).optional() }), bytes, what);
  return document.manifests !== undefined;
}
