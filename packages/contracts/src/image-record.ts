import * as z from "zod";

/** One package of an image with the exact version that was installed. */
export const LockedPackage = z.strictObject({
  manager: z.enum(["apt", "python", "conda", "r", "julia", "nix"]),
  name: z.string(),
  /** Of conda packages with their build: `1.26.4=py311h64a7726_0`. */
  version: z.string(),
  /** Where it is installed, for managers that can have several places: `/srv/env`, `/srv/jupyter`. */
  prefix: z.string().optional(),
  /**
   * `sha256:` and 64 hexadecimal digits: of a conda package's archive; of a Python package's list of files with their
   * digests, without what the installer adds to it; of what Nix fetched. Of a Julia package `git-tree:` and 40 digits.
   */
  digest: z.string().optional(),
  /**
   * Where it comes from, without secrets, when that is not the manager's index: an address, `git+URL@COMMIT`, or
   * `file:///srv/repo` for the repository itself.
   */
  source: z.string().optional(),
});
export type LockedPackage = z.infer<typeof LockedPackage>;

/** Lock files of installers that write their own, by the names under which an image keeps them. */
export const LockFileName = z.enum([
  "julia/version",
  "julia/project/Manifest.toml",
  "julia/kernel/Project.toml",
  "julia/kernel/Manifest.toml",
  "nix/nixpkgs.json",
  "nix/flake.lock",
]);
export type LockFileName = z.infer<typeof LockFileName>;

/** The texts of lock files; left out where there are none. */
const LockFiles = z.partialRecord(LockFileName, z.string()).optional();

/**
 * What `--locked` rebuilds from: the exact packages of an image, and what they were installed upon. Every
 * {@link ImageRecord} is one.
 */
export const PackageLock = z.object({
  schemaVersion: z.literal(1),
  platform: z.string(),
  base: z.object({ reference: z.string(), digest: z.string() }),
  packages: z.array(LockedPackage),
  files: LockFiles,
});
export type PackageLock = z.infer<typeof PackageLock>;

/** What an image says of itself; kept as a JSON object in the SIF and shown by `inspect`. */
export const ImageRecord = z.strictObject({
  schemaVersion: z.literal(1),
  /** 64 hexadecimal digits: two images of one key have the same bytes. */
  key: z.string().length(64),
  source: z.strictObject({
    /** The repository's URL without secrets, or the folder's name. */
    url: z.string(),
    /** Kind of the place: `git`, `directory`, `mercurial`, `zenodo`, …; absent in images of early versions. */
    provider: z.string().optional(),
    ref: z.string().optional(),
    commit: z.string().optional(),
    /** What names this state of the source and no other: the commit, or the record and version of an archive. */
    revision: z.string().optional(),
    subdir: z.string().optional(),
    /** Whether the folder had changes that the commit does not have. */
    dirty: z.boolean().optional(),
  }),
  base: z.strictObject({ reference: z.string(), digest: z.string() }),
  platform: z.string(),
  /** Seconds since 1970 that every file of the repository and the SIF carry. */
  timestamp: z.number().int(),
  recipe: z.unknown(),
  layers: z.array(
    z.strictObject({ name: z.string(), key: z.string(), digest: z.string(), sizeBytes: z.number().int() }),
  ),
  packages: z.array(LockedPackage),
  files: LockFiles,
});
export type ImageRecord = z.infer<typeof ImageRecord>;
