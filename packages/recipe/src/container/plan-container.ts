import { AppError } from "@repo2singularity/base";
import type { ContainerRecipe, Decision } from "@repo2singularity/contracts";
import type { ConfigFile } from "../detect/config-file.ts";
import type { Family } from "../detect/family.ts";
import type { ContainerPlanOptions } from "./container-options.ts";
import { planDockerfile } from "./dockerfile/plan-dockerfile.ts";
import { planDefinition } from "./definition/plan-definition.ts";

/** Families whose file is the whole recipe. */
export type ContainerFamily = Extract<Family, "dockerfile" | "definition">;

/** Whether a family's file is the whole recipe, with bases and commands of its own. */
export function isContainerFamily(family: Family): family is ContainerFamily {
  return family === "dockerfile" || family === "definition";
}

/**
 * Turns a Dockerfile or a definition file into stages of steps. Touches neither network nor files.
 * @throws E_RECIPE_FILE_INVALID with file and line
 */
export function planContainer(
  file: ConfigFile,
  family: ContainerFamily,
  options: ContainerPlanOptions,
): ContainerRecipe {
  if (file.text.trim() === "") {
    throw new AppError("E_RECIPE_FILE_INVALID", `${file.path}: the file is empty`, {
      hint: `fill or delete ${file.path}`,
    });
  }
  const recipe = family === "dockerfile" ? planDockerfile(file, options) : planDefinition(file, options);
  return { ...recipe, decisions: eachOnce(recipe.decisions) };
}

/** Two stages from one image say the same of it. */
function eachOnce(decisions: readonly Decision[]): Decision[] {
  return [...new Map(decisions.map((one) => [JSON.stringify(one), one])).values()];
}
