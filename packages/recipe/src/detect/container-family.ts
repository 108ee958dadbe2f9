import type { RepoTree } from "../tree/repo-tree.ts";
import { findConfigDirectory } from "./config-directory.ts";
import { findFamily, type FoundFamily } from "./family.ts";

/**
 * The Dockerfile or definition file that a repository is built from.
 * @returns `undefined` when other files describe its environment
 * @throws E_RECIPE_BOTH_CONFIG_DIRS, E_RECIPE_FILE_INVALID
 */
export function findContainerFamily(tree: RepoTree): FoundFamily | undefined {
  const found = findFamily(tree, findConfigDirectory(tree));
  return found.family === "dockerfile" || found.family === "definition" ? found : undefined;
}
