import type { ContainerRecipe, Recipe } from "@repo2singularity/contracts";

/** A recipe as JSON text, indented; `Recipe.parse(JSON.parse(text))` gives it back. */
export function renderJson(recipe: Recipe | ContainerRecipe): string {
  return `${JSON.stringify(recipe, undefined, 2)}\n`;
}
