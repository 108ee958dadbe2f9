import type { ContainerRecipe, ImageConfig } from "@repo2singularity/contracts";
import { planContainer } from "@repo2singularity/recipe/container";
import type { RepoTree } from "@repo2singularity/recipe";
import type { FoundContainerFile } from "./find-container-file.ts";

/** What the user asks of a container file. */
export interface ContainerChoices {
  /** Path of the file in the repository, whatever else is there. */
  readonly definition?: string | undefined;
  /** Name or number of the stage that becomes the image; the last when left out. */
  readonly target?: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/**
 * Plans a container file, asking for every image that the plan turns out to start from.
 * @param describe says what an image's configuration is, fetching it if need be; `undefined` when that is not known
 */
export async function planContainerCheckout(
  found: FoundContainerFile,
  options: Omit<ContainerChoices, "definition"> & {
    readonly tree: RepoTree;
    readonly platform: ContainerRecipe["platform"];
  },
  describe: (reference: string) => Promise<ImageConfig | undefined>,
): Promise<ContainerRecipe> {
  const known = new Map<string, ImageConfig | undefined>();
  for (;;) {
    const asked: string[] = [];
    const describeBase = (reference: string): ImageConfig | undefined => {
      if (!known.has(reference)) asked.push(reference);
      return known.get(reference);
    };
    const recipe = planContainer(found.file, found.family, { ...options, describeBase });
    if (asked.length === 0) return recipe;
    // what a base says of itself can change the plan: its variables, its triggers
    const configs = await Promise.all(asked.map(async (reference) => [reference, await describe(reference)] as const));
    for (const [reference, config] of configs) known.set(reference, config);
  }
}
