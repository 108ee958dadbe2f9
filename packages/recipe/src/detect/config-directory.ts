import { AppError } from "@repo2singularity/base";
import type { RepoTree } from "../tree/repo-tree.ts";

/** The folder whose configuration files count: `binder`, `.binder`, or the root as an empty string. */
export type ConfigDirectory = "" | "binder" | ".binder";

/**
 * Finds the folder of configuration files. An empty `binder/` counts: it switches off the files of the root.
 * @throws E_RECIPE_BOTH_CONFIG_DIRS when both folders are there
 */
export function findConfigDirectory(tree: RepoTree): ConfigDirectory {
  const hasVisible = tree.isDirectory("binder");
  const hasHidden = tree.isDirectory(".binder");
  if (hasVisible && hasHidden) {
    throw new AppError(
      "E_RECIPE_BOTH_CONFIG_DIRS",
      "the repository has both binder/ and .binder/, and only one of them may hold the configuration files",
      { hint: "merge the two folders and delete one of them" },
    );
  }
  if (hasVisible) return "binder";
  return hasHidden ? ".binder" : "";
}

/** The path of a configuration file in the repository. */
export function configPath(directory: ConfigDirectory, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
