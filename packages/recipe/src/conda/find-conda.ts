import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { isExplicit } from "./explicit-file.ts";
import { isPixiPyproject } from "./pixi-toml.ts";

/** Files beside `environment.yml` that describe a conda environment, in the order in which they count. */
export const condaNames: readonly string[] = [
  "conda-lock.yml",
  "conda-linux-64.lock",
  "conda-linux-aarch64.lock",
  "explicit.txt",
  "spec-file.txt",
  "pixi.lock",
  "pixi.toml",
];

/**
 * Finds a file that describes a conda environment and that repo2docker does not read. As with locks of Python,
 * `requirements.txt` goes before all of them.
 * @returns its path, `undefined` when there is none that counts
 * @throws E_RECIPE_FILE_INVALID when `pyproject.toml` cannot be parsed
 */
export function findCondaFile(tree: RepoTree, directory: ConfigDirectory): string | undefined {
  const read = (name: string): string | undefined => tree.readText(configPath(directory, name));
  if (read("requirements.txt") !== undefined) return undefined;
  const found = condaNames.find((name) => {
    const text = read(name);
    return text !== undefined && (!/\.(?:txt|lock)$/.test(name) || name === "pixi.lock" || isExplicit(text));
  });
  if (found !== undefined) return configPath(directory, found);
  const path = configPath(directory, "pyproject.toml");
  const text = tree.readText(path);
  return text !== undefined && /^\s*\[tool\.pixi\b/m.test(text) && isPixiPyproject({ path, text }) ? path : undefined;
}
