import * as z from "zod";

/** `registry.yaml` in the root of a static registry. */
export const RegistrySettings = z.strictObject({
  title: z.string().min(1).max(200).default("Container registry"),
  description: z.string().max(2_000).optional(),
  /** Where the site will be, without a slash at its end; needed to publish. */
  url: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  /** Where `registry build` puts images: `s3://bucket/folder` or `file:///folder`; inside the site when left out. */
  storage: z
    .string()
    .regex(/^(?:s3|file):\/\/./, "expected s3://BUCKET/FOLDER or file:///FOLDER")
    .optional(),
  /** The address at which everybody reads what lies in `storage`. */
  storageUrl: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  /** The key server that clients of the site are told of. */
  keyserver: z.url({ protocol: /^https?$/ }).default("https://keys.openpgp.org"),
});
export type RegistrySettings = z.infer<typeof RegistrySettings>;

/** `source.yaml` of a tag: a repository to build, and the options of the main command. */
export const SourceDocument = z.strictObject({
  /** A folder of the machine would be another one on every machine, and might hold its secrets. */
  repository: z.string().regex(/^(?:https?:\/\/|git:\/\/|ssh:\/\/|doi:|10\.\d+\/)/i, "expected a URL or a DOI"),
  ref: z.string().min(1).optional(),
  subdir: z.string().min(1).optional(),
  /** Of a registry, not of the machine, for the same reason. */
  base: z
    .string()
    .regex(
      /^(?:auto$|debootstrap:|(?:docker|oras|library|shub|https?):\/\/)/,
      "expected auto, debootstrap:SUITE or a URL",
    )
    .optional(),
  python: z.string().min(1).optional(),
  date: z.string().min(1).optional(),
  compression: z.enum(["zstd", "gzip"]).optional(),
});
export type SourceDocument = z.infer<typeof SourceDocument>;

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hexadecimal digits");

/** `image.yaml` of a tag: the image that was built, here (by `registry build`, which writes it) or elsewhere. */
export const ImageDocument = z.strictObject({
  digest: sha256,
  /** In bytes. */
  size: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  /** As clients name it. */
  arch: z.enum(["amd64", "arm64", "386", "arm", "ppc64le", "s390x", "riscv64"]).default("amd64"),
  /** Where everybody gets it; inside the site when left out. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** Of the recipe that it was built from: another recipe is built anew. */
  recipe: sha256.optional(),
  /** When, in RFC 3339. */
  built: z.iso.datetime({ offset: true }).optional(),
  /** Fingerprints of the keys that signed it, upper case. */
  signedBy: z.array(z.string().regex(/^[0-9A-F]{40}$/)).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  /** `name version` each. */
  packages: z.array(z.string()).optional(),
});
export type ImageDocument = z.infer<typeof ImageDocument>;
