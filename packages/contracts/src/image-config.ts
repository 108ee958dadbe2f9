import { z } from "zod";

/** What an image says of how its programs run: the part of OCI's image configuration that build and run use. */
export const ImageConfig = z.strictObject({
  environment: z.record(z.string(), z.string()).default({}),
  entrypoint: z.array(z.string()).default([]),
  cmd: z.array(z.string()).default([]),
  /** Absolute; the folder in which steps and, under container engines, programs start. */
  workingDir: z.string().startsWith("/").default("/"),
  /** As in `USER`: a name or number, and a group after a colon; empty for root. */
  user: z.string().default(""),
  /** What runs commands in shell form. */
  shell: z.array(z.string()).min(1).default(["/bin/sh", "-c"]),
  labels: z.record(z.string(), z.string()).default({}),
  /** Instructions of a Dockerfile that run first in every image built from this one. */
  onBuild: z.array(z.string()).default([]),
  /** Texts of `/.singularity.d` by their path in it, of a base that was a SIF; `env/90-environment.sh`, `runscript`, … */
  singularityFiles: z.record(z.string(), z.string()).default({}),
});
export type ImageConfig = z.infer<typeof ImageConfig>;
