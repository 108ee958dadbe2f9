import { z } from "zod";
import { ImageConfig } from "./image-config.ts";
import { Decision } from "./recipe.ts";
import { recipeVersion } from "./version.ts";

/** Where files of a copy step, or of a mount, come from. */
export const FileOrigin = z.discriminatedUnion("kind", [
  /** The repository, without what its ignore files leave out. */
  z.strictObject({ kind: z.literal("context") }),
  z.strictObject({ kind: z.literal("stage"), name: z.string().min(1) }),
  z.strictObject({ kind: z.literal("image"), reference: z.string().min(1) }),
]);
export type FileOrigin = z.infer<typeof FileOrigin>;

const absolute = z.string().startsWith("/");
const mode = z.number().int().min(0).max(0o7777);

/** Something that one run step sees at a path of its tree, and that is no part of its layer. */
export const StepMount = z.discriminatedUnion("kind", [
  /** A folder that lasts from build to build on this machine. */
  z.strictObject({ kind: z.literal("cache"), id: z.string().min(1), target: absolute }),
  z.strictObject({
    kind: z.literal("bind"),
    from: FileOrigin,
    /** Relative to the origin's root; `.` is all of it. */
    source: z.string().min(1),
    target: absolute,
  }),
  z.strictObject({ kind: z.literal("tmpfs"), target: absolute }),
  /** A secret by its id: as a file, as a variable, or both. Its value is never part of a recipe. */
  z.strictObject({
    kind: z.literal("secret"),
    id: z.string().min(1),
    target: absolute.optional(),
    variable: z.string().optional(),
    isRequired: z.boolean(),
  }),
]);
export type StepMount = z.infer<typeof StepMount>;

const title = z.string().min(1);

/** One step of a container file. Every step runs as uid 0 of the build, with the variables that it names. */
export const ContainerStep = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("run"),
    title,
    /** Program and arguments; with `script`, the path of a file with that text is the last one. */
    argv: z.array(z.string()),
    script: z.string().optional(),
    /** All variables, but for `HOME` when the file does not set it. */
    env: z.record(z.string(), z.string()),
    cwd: absolute,
    /** Whose home `HOME` is, looked up in the tree's own passwd file; root's when empty. */
    user: z.string(),
    network: z.boolean(),
    mounts: z.array(StepMount),
  }),
  z.strictObject({
    kind: z.literal("copy"),
    title,
    from: FileOrigin,
    /** Paths relative to the origin's root, with Docker's wildcards; of a folder, what is in it is copied. */
    sources: z.array(z.string()).min(1),
    /** A folder when it ends with a slash or when several files match; else the new name of the one file. */
    destination: absolute,
    /** Of files and folders; their own when left out. */
    mode: mode.optional(),
    /** Paths that are left out, in the syntax of ignore files. */
    excludes: z.array(z.string()),
    /** Whether files keep their folders, from the source's root or from its `/./` on. */
    keepsParents: z.boolean(),
    /** Whether a folder is copied as such, into the destination, instead of its content. */
    keepsFolder: z.boolean(),
    /** Whether tar archives of the context are unpacked. */
    unpacks: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal("fetch"),
    title,
    url: z.url(),
    /** What the content must hash to; it is fetched anew for every build without one. */
    checksum: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
    destination: absolute,
    mode,
    unpacks: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("write"), title, path: absolute, content: z.string(), mode }),
  z.strictObject({ kind: z.literal("folder"), title, path: absolute }),
]);
export type ContainerStep = z.infer<typeof ContainerStep>;

/** Steps that become one layer: one instruction that changes files, and the folders made on the way to it. */
export const ContainerGroup = z.strictObject({
  /** Line of the file on which the instruction stands, counted from 1. */
  line: z.number().int().positive(),
  title,
  steps: z.array(ContainerStep).min(1),
});
export type ContainerGroup = z.infer<typeof ContainerGroup>;

/** Part of a container file between two bases. */
export const Stage = z.strictObject({
  /** The file's own name for it, else its number. */
  name: z.string().min(1),
  base: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("image"),
      reference: z.string().min(1),
      /** Fingerprints of the PGP keys that all have to have signed it: 40 digits each, lower case. */
      signers: z.array(z.string().regex(/^[0-9a-f]{40}$/)).optional(),
    }),
    z.strictObject({ kind: z.literal("stage"), name: z.string().min(1) }),
    z.strictObject({ kind: z.literal("scratch") }),
  ]),
  groups: z.array(ContainerGroup),
  /** What the stage's image says of itself. */
  config: ImageConfig,
});
export type Stage = z.infer<typeof Stage>;

/** Texts that a definition file gives its image, in place of what an OCI configuration would mean. */
export const DefinitionTexts = z.strictObject({
  /** Lines for the environment script. */
  environment: z.string().optional(),
  runscript: z.string().optional(),
  startscript: z.string().optional(),
  test: z.string().optional(),
  help: z.string().optional(),
  /** Exported when any program starts, so that programs find the apps. */
  appsEnvironment: z.string().optional(),
  /** The last stage's headers, keys in small letters. */
  headers: z.record(z.string(), z.string()),
  /** What `/.singularity.d/Singularity` holds: the file with its templates filled in. */
  definition: z.string(),
});
export type DefinitionTexts = z.infer<typeof DefinitionTexts>;

/** A Dockerfile or definition file as data: stages, the last of which is the image. */
export const ContainerRecipe = z.strictObject({
  version: z.literal(recipeVersion),
  family: z.enum(["dockerfile", "definition"]),
  platform: z.enum(["linux/amd64", "linux/arm64"]),
  /** The file, relative to the repository. */
  file: z.string().min(1),
  /** Only those that the last one needs, in the order of the file. */
  stages: z.array(Stage).min(1),
  texts: DefinitionTexts.optional(),
  decisions: z.array(Decision),
});
export type ContainerRecipe = z.infer<typeof ContainerRecipe>;
