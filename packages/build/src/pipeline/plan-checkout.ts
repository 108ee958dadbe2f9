import { readFileSync } from "node:fs";
import path from "node:path";
import type { BaseFacts, Recipe } from "@repo2singularity/contracts";
import { planRecipe, type RepoTree } from "@repo2singularity/recipe";
import type { Checkout, CheckoutFile } from "@repo2singularity/source";

/** What the user asks of a plan besides the repository. */
export interface PlanRequest {
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
  /** A version such as `3.13`, over whatever the repository says. */
  readonly python?: string | undefined;
  /** See `PlanOptions.compat`. */
  readonly compat?: "repo2docker" | undefined;
}

/** The recipe of a checkout. @throws what {@link planRecipe} throws */
export async function planCheckout(checkout: Checkout, request: PlanRequest): Promise<Recipe> {
  const tree = repoTree(checkout.directory, await checkout.files());
  return planRecipe(tree, {
    base: request.base,
    platform: request.platform,
    ...(request.python === undefined ? {} : { pythonRequest: request.python }),
    ...(request.compat === undefined ? {} : { compat: request.compat }),
  });
}

/** A checkout as the pure planner sees it: names, and text of files up to 4 MiB. */
function repoTree(directory: string, files: readonly CheckoutFile[]): RepoTree {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    paths: files.map((file) => file.path),
    isDirectory: (name) => byPath.get(name)?.type === "directory",
    readText: (name) => {
      const file = byPath.get(name);
      if (file === undefined || file.type === "directory" || file.sizeBytes > textLimitBytes) return undefined;
      return readFileSync(path.join(directory, name), "utf8");
    },
  };
}

const textLimitBytes = 4 * 2 ** 20;
