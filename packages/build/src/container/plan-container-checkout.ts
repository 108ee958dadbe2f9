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
  describe: (reference: string, signers?: readonly string[]) => Promise<ImageConfig | undefined>,
): Promise<ContainerRecipe> {
  const known = new Map<string, ImageConfig | undefined>();
  for (;;) {
    const asked = new Map<string, () => ReturnType<typeof describe>>();
    const describeBase = (reference: string, signers?: readonly string[]): ImageConfig | undefined => {
      const key = [reference, ...(signers ?? [])].join(" ");
      if (!known.has(key)) asked.set(key, () => describe(reference, signers));
      return known.get(key);
    };
    const recipe = planContainer(found.file, found.family, { ...options, describeBase });
    if (asked.size === 0) return recipe;
    // what a base says of itself can change the plan: its variables, its triggers
    const configs = await Promise.all([...asked].map(async ([key, ask]) => [key, await ask()] as const));
    for (const [key, config] of configs) known.set(key, config);
  }
}
