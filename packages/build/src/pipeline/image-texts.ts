import type { Recipe } from "@repo2singularity/contracts";
import type { SingularityTreeOptions } from "@repo2singularity/image";
import { environmentScript, renderDefinition, runScript } from "@repo2singularity/recipe";

/** Every text that an image holds besides its layers: scripts, labels, definition. */
export function imageTexts(
  recipe: Recipe,
  facts: {
    readonly labels: Readonly<Record<string, string>>;
    /** PATH of the base, which the recipe's own folders go in front of. */
    readonly basePath: string;
    readonly timestampSeconds: number;
  },
): SingularityTreeOptions {
  const { labels, basePath, timestampSeconds } = facts;
  return {
    // The script sets everything else itself, because it must guard it against the host's variables.
    environment: { PATH: basePath },
    pathPrefix: [],
    extraEnvironmentScript: environmentScript(recipe),
    runscript: runScript,
    startscript: runScript,
    labels,
    definition: renderDefinition(recipe),
    timestampSeconds,
  };
}
