import type { Recipe } from "@repo2singularity/contracts";
import type { SingularityTreeOptions } from "@repo2singularity/image";
import { environmentScript, renderDefinition, runScript } from "@repo2singularity/recipe";

/** Every text that an image holds besides its layers: scripts, labels, definition. */
export function imageTexts(
  recipe: Recipe,
  labels: Readonly<Record<string, string>>,
  timestampSeconds: number,
): SingularityTreeOptions {
  return {
    // The script sets variables and PATH itself, because it must guard them against the host's.
    environment: {},
    pathPrefix: [],
    extraEnvironmentScript: environmentScript(recipe),
    runscript: runScript,
    startscript: runScript,
    labels,
    definition: renderDefinition(recipe),
    timestampSeconds,
  };
}
