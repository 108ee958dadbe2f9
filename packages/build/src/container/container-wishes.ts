import type { ContainerRecipe } from "@repo2singularity/contracts";
import type { RepoTree } from "@repo2singularity/recipe";
import { containerWishes } from "@repo2singularity/recipe/container";
import { type AskedWishes, readOwn } from "../pipeline/plan-wishes.ts";

/**
 * The plan of a container file with what the own file and the command line wish of its sessions.
 * @throws E_RECIPE_FILE_INVALID for a wrong own file
 */
export async function applyContainerWishes(
  recipe: ContainerRecipe,
  tree: RepoTree,
  asked: AskedWishes,
): Promise<{ readonly recipe: ContainerRecipe; readonly labels: Readonly<Record<string, string>> }> {
  const image = {
    images: recipe.stages.flatMap(({ base }) => (base.kind === "image" ? [base.reference] : [])),
    reason: `${recipe.file} describes the whole image`,
  };
  const { labels, decisions } = containerWishes(image, { ...asked, own: await readOwn(tree) });
  return { recipe: { ...recipe, decisions: [...recipe.decisions, ...decisions] }, labels };
}
