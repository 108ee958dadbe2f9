import type { BaseFacts, Recipe } from "@repo2singularity/contracts";
import { planRecipe, type RepoTree } from "@repo2singularity/recipe";
import type { Checkout } from "@repo2singularity/source";
import type { PlanWishes } from "./plan-wishes.ts";
import { readInside } from "./read-inside.ts";

/** What the user asks of a plan besides the repository. */
export interface PlanRequest {
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
  /** A version such as `3.13`, over whatever the repository says. */
  readonly python?: string | undefined;
  /** See `PlanOptions.compat`. */
  readonly compat?: "repo2docker" | undefined;
  /** What the own file and the command line wish for; nothing when left out. */
  readonly wishes?: Omit<PlanWishes, "base"> | undefined;
}

/** The recipe of a checkout, by its {@link repoTree}. @throws what {@link planRecipe} throws */
export function planCheckout(tree: RepoTree, request: PlanRequest): Recipe {
  const { own, date, gpu, baseDecisions = [] } = request.wishes ?? {};
  const recipe = planRecipe(tree, {
    base: request.base,
    platform: request.platform,
    ...(request.python === undefined ? {} : { pythonRequest: request.python }),
    ...(request.compat === undefined ? {} : { compat: request.compat }),
    ...(own === undefined ? {} : { own }),
    ...(date === undefined ? {} : { date }),
    ...(gpu === undefined ? {} : { gpu }),
  });
  return { ...recipe, decisions: [...baseDecisions, ...recipe.decisions] };
}

/**
 * A checkout as the pure planner sees it: names, and text of files up to 4 MiB. Ignore files do not hide Dockerfiles
 * and definition files: they say what is copied into images, not what describes them.
 */
export async function repoTree(checkout: Checkout): Promise<RepoTree> {
  const { directory } = checkout;
  const files = await checkout.files();
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    paths: files.map((file) => file.path),
    isDirectory: (name) => byPath.get(name)?.type === "directory",
    readText: (name) => {
      const isHidden = !byPath.has(name) && !containerFileName.test(name);
      return isHidden || byPath.get(name)?.type === "directory" ? undefined : readInside(directory, name);
    },
  };
}

const containerFileName = /^(?:\.?binder\/)?(?:Dockerfile|[Ss]ingularity|[Aa]pptainer)[^/]*$/;
