import { canonicalJson, sha256Hex } from "@repo2singularity/base";
import type { ContainerGroup, ContainerStep, FileOrigin, Stage, StepMount } from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";
import type { ContainerContext } from "./container-context.ts";
import { fetchFile } from "./fetch-file.ts";
import { baseOf } from "./origin-tree.ts";
import { copiedPaths } from "./place-copy.ts";

/** The layers of a stage, and of those that it starts from, by their keys. */
export interface KeyedStage {
  readonly stage: Stage;
  /** The image that the stage, or the first of those that it starts from, starts from. */
  readonly baseReference: string;
  /** Keys of the stage's own groups, in order: 64 hexadecimal digits each. */
  readonly keys: readonly string[];
  /** Stands for all that the stage holds. */
  readonly key: string;
}

/**
 * The keys of every layer of a container file, by stage. A key holds everything below the layer, what its steps do, and
 * digests of the files that they read; never titles and line numbers, so that a comment changes nothing.
 * Files of the network without a checksum are fetched to be known.
 */
export async function keyStages(
  context: Pick<
    ContainerContext,
    "recipe" | "checkout" | "repository" | "bases" | "format" | "store" | "client" | "signal"
  >,
): Promise<ReadonlyMap<string, KeyedStage>> {
  const keyed = new Map<string, KeyedStage>();
  const contentDigest = async (paths: readonly string[]): Promise<string> => context.checkout.contentDigest(paths);
  const originKey = (origin: FileOrigin): string => {
    if (origin.kind === "context") return "";
    return origin.kind === "stage" ? (keyed.get(origin.name)?.key ?? "") : baseOf(origin.reference, context).digest;
  };
  const readBy = async (step: ContainerStep): Promise<readonly string[]> => {
    switch (step.kind) {
      case "copy":
        if (step.from.kind !== "context") return [originKey(step.from)];
        return [await contentDigest(copiedPaths(step, context.repository))];
      case "fetch":
        return [step.checksum ?? (await fetchFile(step, context)).digest];
      case "run": {
        const binds = step.mounts.filter((mount) => mount.kind === "bind");
        return Promise.all(
          binds.map(async ({ from, source }) => (from.kind === "context" ? contentDigest([source]) : originKey(from))),
        );
      }
      default:
        return [];
    }
  };
  for (const stage of context.recipe.stages) {
    const below = stage.base.kind === "stage" ? keyed.get(stage.base.name) : undefined;
    const baseReference = below?.baseReference ?? referenceOf(stage);
    const keys: string[] = [];
    let key = below?.key ?? baseKey(baseReference, context);
    for (const group of stage.groups) {
      const files = await Promise.all(group.steps.map(readBy));
      key = sha256Hex(canonicalJson({ below: key, steps: keptOf(group), files }));
      keys.push(key);
    }
    keyed.set(stage.name, { stage, baseReference, keys, key });
  }
  return keyed;
}

/** The reference of an image that a stage starts from. */
export function referenceOf({ base }: Stage): string {
  return base.kind === "image" ? base.reference : "scratch";
}

function baseKey(reference: string, context: Parameters<typeof keyStages>[0]): string {
  const { recipe, format } = context;
  const { digest } = baseOf(reference, context);
  return sha256Hex(
    canonicalJson({ recipeVersion, kind: "container", base: digest, platform: recipe.platform, format }),
  );
}

/** What of a group decides its bytes: neither titles nor what is mounted and never kept. */
function keptOf({ steps }: ContainerGroup): readonly unknown[] {
  return steps.map((step) => {
    const { title: _title, ...rest } = step;
    return rest.kind === "run" ? { ...rest, mounts: rest.mounts.map(keptOfMount) } : rest;
  });
}

function keptOfMount(mount: StepMount): unknown {
  return mount.kind === "cache" ? { kind: mount.kind, target: mount.target } : mount;
}
