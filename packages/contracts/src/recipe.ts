import * as z from "zod";
import { recipeVersion } from "./version.ts";

/** Download caches that a step may use; they are mounted, never part of a layer. */
export const CacheName = z.enum(["apt", "uv", "npm", "bytecode", "conda"]);
export type CacheName = z.infer<typeof CacheName>;

/**
 * One step of a build. Paths in the image are absolute, paths in the repository relative to its root
 * (the subfolder that is built). Every step runs as uid 0 of the build, with a clean environment.
 */
export const Step = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("run"),
    title: z.string().min(1),
    /** Read by `interpreter` from a file; POSIX sh scripts run with `set -e`. */
    script: z.string(),
    interpreter: z.enum(["sh", "python"]).default("sh"),
    env: z.record(z.string(), z.string()).default({}),
    cwd: z.string().default("/"),
    caches: z.array(CacheName).default([]),
    /** Whether the step may use the network. */
    network: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal("copy"),
    title: z.string().min(1),
    /** Files and folders of the repository; `["."]` is all of it but ignored files. */
    paths: z.array(z.string()).min(1),
    /** Folder of the image that receives them under their own relative paths. */
    destination: z.string().startsWith("/"),
  }),
  z.strictObject({
    kind: z.literal("write"),
    title: z.string().min(1),
    /** Folders that are missing are made. */
    path: z.string().startsWith("/"),
    content: z.string(),
    /** Permission bits, such as 0o755. */
    mode: z.number().int().min(0).max(0o7777),
  }),
]);
export type Step = z.infer<typeof Step>;

/** The step groups in the order in which they are built; each is cached as one layer. */
export const StepGroupName = z.enum([
  "system",
  "server",
  "apt",
  "environment",
  "r",
  "julia",
  "nix",
  "content",
  "post-build",
]);
export type StepGroupName = z.infer<typeof StepGroupName>;

/** Steps that are cached together as one layer. */
export const StepGroup = z.strictObject({
  name: StepGroupName,
  title: z.string().min(1),
  steps: z.array(Step).min(1),
});
export type StepGroup = z.infer<typeof StepGroup>;

/** Why the plan is as it is, one line each: which file was used, which was ignored, what chose a version. */
export const Decision = z.strictObject({
  /** What was decided on: a file of the repository, `python`, `base`, … */
  subject: z.string().min(1),
  outcome: z.enum(["used", "ignored", "chosen"]),
  reason: z.string().min(1),
});
export type Decision = z.infer<typeof Decision>;

/** An ordered list of typed steps over a base: all that a build does, and nothing of how. */
export const Recipe = z.strictObject({
  version: z.literal(recipeVersion),
  /** The environment family, such as `python`. */
  family: z.string().min(1),
  /** The base's reference, as the plan was made for it. */
  base: z.string().min(1),
  platform: z.enum(["linux/amd64", "linux/arm64"]),
  groups: z.array(StepGroup),
  /** Variables of the image's programs and of every step; PATH is made from `pathPrefix`. */
  environment: z.record(z.string(), z.string()),
  /**
   * Variables of the repository's own, over `environment` for the image's programs. Steps that are to see them carry them
   * themselves, so that a change makes no layer anew that all repositories share.
   */
  ownVariables: z.record(z.string(), z.string()).optional(),
  /** Folders in front of the base's PATH, first one first. */
  pathPrefix: z.array(z.string().startsWith("/")),
  /** Where the repository lies in the image. */
  repoDir: z.string().startsWith("/"),
  /** The repository's `start` script in the image, which is given the command to run. */
  startScript: z.string().startsWith("/").optional(),
  /** What runs when no command is given. */
  command: z.array(z.string()).min(1),
  labels: z.record(z.string(), z.string()),
  decisions: z.array(Decision),
});
export type Recipe = z.infer<typeof Recipe>;
