import * as z from "zod";

/** Where outside addresses lead; every one left out keeps its public default. */
export const Mirrors = z.strictObject({
  /** Root of a Debian archive, such as `https://mirror.example.org/debian`. */
  debian: z.url().optional(),
  debianSecurity: z.url().optional(),
  ubuntu: z.url().optional(),
  /** Answers for `http://snapshot.debian.org/archive`: holds `debian/TIME` and `debian-security/TIME`. */
  debianSnapshot: z.url().optional(),
  /** Answers for `https://snapshot.ubuntu.com/ubuntu`: holds `TIME`. */
  ubuntuSnapshot: z.url().optional(),
  /** A PEP 503 index. */
  python: z.url().optional(),
  /** Where uv finds its standalone Python builds. */
  pythonBuilds: z.url().optional(),
  /** Answers for `https://packagemanager.posit.co/cran`: holds `__linux__/CODENAME/DAY/src/contrib`. */
  cran: z.url().optional(),
  /** Answers for `https://cdn.posit.co/r`, which has builds of R. */
  rBuilds: z.url().optional(),
  /** Answers for `https://julialang-s3.julialang.org`: holds `bin/versions.json` and Julia's builds. */
  juliaBuilds: z.url().optional(),
  /** A package server of Julia, in place of `https://pkg.julialang.org`. */
  juliaPackages: z.url().optional(),
  /** Answers for `https://releases.nixos.org`, which has builds of Nix. */
  nixBuilds: z.url().optional(),
  /** Answers for `https://nixos.org/channels`. */
  nixChannels: z.url().optional(),
  /** A binary cache of Nix, in place of `https://cache.nixos.org`. */
  nixCache: z.url().optional(),
  /** Answers for `https://conda.anaconda.org`, which has conda-forge and bioconda. */
  conda: z.url().optional(),
  /** Answers for `https://repo.anaconda.com`, which has the channel `defaults`. */
  condaDefaults: z.url().optional(),
  npm: z.url().optional(),
  /** Registry host (and optional path) that answers for `docker.io`. */
  dockerHub: z.string().optional(),
  /** The resolver of DOIs, in place of `https://doi.org`. */
  doi: z.url().optional(),
  zenodo: z.url().optional(),
  zenodoSandbox: z.url().optional(),
  caltechData: z.url().optional(),
  /** Figshare's API, in place of `https://api.figshare.com`. */
  figshare: z.url().optional(),
  /** Figshare's files, in place of `https://ndownloader.figshare.com`. */
  figshareFiles: z.url().optional(),
  hydroshare: z.url().optional(),
  softwareHeritage: z.url().optional(),
  /** Root of the list of Dataverse installations, in place of `https://iqss.github.io/dataverse-installations`. */
  dataverseInstallations: z.url().optional(),
  /** Git hosts: what they are replaced by must serve the same paths. */
  github: z.url().optional(),
  gist: z.url().optional(),
  gitlab: z.url().optional(),
  bitbucket: z.url().optional(),
  codeberg: z.url().optional(),
  huggingFace: z.url().optional(),
  /**
   * Bases that take the place of images of Dockerfiles and definition files, by the image's name there: whatever `--base`
   * takes, paths absolute.
   */
  images: z.record(z.string(), z.string()).optional(),
});
export type Mirrors = z.infer<typeof Mirrors>;

/** The configuration of the program: flags > environment > project file > user file > site file. */
export const Config = z.strictObject({
  cacheDir: z.string().optional(),
  /** Size such as `50G` down to which the cache is collected after a build. */
  cacheMaxSize: z.string().optional(),
  /** Name of the set of download caches: builds of people who do not trust one another take different ones. */
  cacheDomain: z
    .string()
    .regex(/^\w[\w.-]*$/)
    .optional(),
  base: z.string().optional(),
  executor: z.enum(["userns", "root", "apptainer"]).optional(),
  compression: z.enum(["zstd", "gzip"]).optional(),
  /** Size such as `20G`: what a source that is no git repository may bring, downloaded and once more unpacked. */
  sourceMaxSize: z.string().optional(),
  /** What steps with network reach: what the machine's settings name and what lies outside, or all that it reaches. */
  network: z.enum(["filtered", "host"]).optional(),
  /** Files, folders and links that a repository, and what one step leaves, may have; a million when left out. */
  maxFiles: z.coerce.number().int().positive().optional(),
  stepTimeoutSeconds: z.number().int().positive().optional(),
  mirrors: Mirrors.optional(),
});
export type Config = z.infer<typeof Config>;

/**
 * What the project file may set. It may lie in a stranger's clone, so it has no word in where bytes come from, where
 * they are kept, how steps run and how much they may take.
 */
export const ProjectConfig = Config.pick({ base: true, compression: true });
