import { canonicalJson, sha256Hex } from "@repo2singularity/base";
import type { Recipe, StepGroup, StepGroupName } from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";

/** How the data of every layer is stored; part of every key, because it decides the bytes. */
export interface LayerFormat {
  readonly compression: "zstd" | "gzip";
  readonly level: number;
  readonly blockSizeBytes: number;
}

/** What decides the bytes of a group's layer besides the recipe. */
export interface GroupKeyContext {
  readonly baseDigest: string;
  /** PATH of the base. */
  readonly basePath: string;
  readonly format: LayerFormat;
  /** The same digest for the same names, types, modes and contents of these files of the repository. */
  contentDigest(paths: readonly string[]): Promise<string>;
  /** Seconds since 1970 that the files of the repository carry. */
  readonly timestampSeconds: number;
}

/** A group of the recipe with the key of its layer. */
export interface KeyedGroup {
  readonly group: StepGroup;
  /** 64 hexadecimal digits. */
  readonly key: string;
  /** The time that every file of the layer carries, seconds since 1970. */
  readonly mtimeSeconds: number;
}

/** The time of everything that no commit decides: 1980-01-01, the oldest that zip archives can hold. */
export const softwareTimeSeconds = 315_532_800;

/**
 * The keys of a recipe's groups, in order. A key holds everything that affects the bytes of the layer: the base, the
 * groups below, the steps, the files they read, platform and compressor; never the clock, the host or the uid.
 */
export async function keyGroups(recipe: Recipe, context: GroupKeyContext): Promise<readonly KeyedGroup[]> {
  const keyed: KeyedGroup[] = [];
  let below = sha256Hex(
    canonicalJson({
      recipeVersion,
      base: context.baseDigest,
      platform: recipe.platform,
      format: context.format,
      environment: recipe.environment,
      pathPrefix: recipe.pathPrefix,
      basePath: context.basePath,
    }),
  );
  for (const group of recipe.groups) {
    const files = await Promise.all(
      group.steps.map((step) => (step.kind === "copy" ? context.contentDigest(step.paths) : Promise.resolve(""))),
    );
    const mtimeSeconds = holdsRepository(group) ? context.timestampSeconds : softwareTimeSeconds;
    below = sha256Hex(canonicalJson({ below, name: group.name, steps: group.steps, files, mtimeSeconds }));
    keyed.push({ group, key: below, mtimeSeconds });
  }
  return keyed;
}

/**
 * Whether a group is of the repository's own content, which follows all software: it carries the commit's time, groups
 * of software a constant.
 */
export function holdsRepository(group: StepGroup): boolean {
  return group.name === "content" || group.name === "post-build";
}

const commonNames: readonly StepGroupName[] = ["system", "server", "apt"];

/**
 * Whether many repositories share the layer of a group of this name: packages of the distribution and the server, whose
 * versions the recipe or the archive decides.
 */
export function isCommon(name: StepGroupName): boolean {
  return commonNames.includes(name);
}
