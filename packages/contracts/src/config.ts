import * as z from "zod";

/** Where outside addresses lead; every one left out keeps its public default. */
export const Mirrors = z.strictObject({
  /** Root of a Debian archive, such as `https://mirror.example.org/debian`. */
  debian: z.url().optional(),
  debianSecurity: z.url().optional(),
  ubuntu: z.url().optional(),
  /** A PEP 503 index. */
  python: z.url().optional(),
  /** Where uv finds its standalone Python builds. */
  pythonBuilds: z.url().optional(),
  /** Answers for `https://packagemanager.posit.co/cran`: holds `__linux__/CODENAME/DAY/src/contrib`. */
  cran: z.url().optional(),
  /** Answers for `https://cdn.posit.co/r`, which has builds of R. */
  rBuilds: z.url().optional(),
  npm: z.url().optional(),
  /** Registry host (and optional path) that answers for `docker.io`. */
  dockerHub: z.string().optional(),
});
export type Mirrors = z.infer<typeof Mirrors>;

/** The configuration of the program: flags > environment > project file > user file > site file. */
export const Config = z.strictObject({
  cacheDir: z.string().optional(),
  /** Size such as `50G` down to which the cache is collected after a build. */
  cacheMaxSize: z.string().optional(),
  base: z.string().optional(),
  executor: z.enum(["userns", "root", "apptainer"]).optional(),
  compression: z.enum(["zstd", "gzip"]).optional(),
  stepTimeoutSeconds: z.number().int().positive().optional(),
  mirrors: Mirrors.optional(),
});
export type Config = z.infer<typeof Config>;
