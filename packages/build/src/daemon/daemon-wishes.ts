import type { RepoTree } from "@repo2singularity/recipe";
import { containerWishes, type DescribedImage } from "@repo2singularity/recipe/container";
import type { BuildRequest } from "../pipeline/build-request.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import { readOwn } from "../pipeline/plan-wishes.ts";

/**
 * Labels for what the own file and the command line wish of sessions of an image that the daemon makes its own way: the
 * SIF is ours to label, whatever the image in the daemon says. What they wish of its making is said to be passed over.
 * @throws E_RECIPE_FILE_INVALID for a wrong own file
 */
export async function daemonWishes(
  image: DescribedImage,
  tree: RepoTree,
  { wishes }: Pick<BuildRequest, "wishes">,
  phases: PhaseReporter,
): Promise<Readonly<Record<string, string>>> {
  const { labels, decisions } = containerWishes(image, { ...wishes, own: await readOwn(tree) });
  for (const { subject, outcome, reason } of decisions) {
    if (outcome === "ignored") phases.notice(`${subject}: ${reason}`);
  }
  return labels;
}
