import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import type { ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import type { RepoTree } from "../tree/repo-tree.ts";

/** The table of `pyproject.toml` that stands for the file. */
export const ownTable = "[tool.repo2singularity]";

/** A repository's own file for this program, and those that it goes before. */
export interface OwnFilePlace {
  readonly file: ConfigFile;
  /** Paths of others that are there and do not count. */
  readonly ignored: readonly string[];
}

/**
 * Finds `repo2singularity.yaml`, `repo2singularity.yml` or the table `[tool.repo2singularity]` of `pyproject.toml`, the
 * first one that is there. As with every other configuration file, `binder/` or `.binder/` switches the root off.
 * @returns `undefined` when there is none
 */
export function findOwnFile(tree: RepoTree, directory: ConfigDirectory): OwnFilePlace | undefined {
  const named = ["repo2singularity.yaml", "repo2singularity.yml"]
    .map((name) => readConfigFile(tree, configPath(directory, name)))
    .filter((file) => file !== undefined);
  const pyproject = directory === "" ? readConfigFile(tree, "pyproject.toml") : undefined;
  const all = pyproject !== undefined && hasTable(pyproject) ? [...named, pyproject] : named;
  const [file, ...others] = all;
  if (file === undefined) return undefined;
  return { file, ignored: others.map(({ path }) => (path === "pyproject.toml" ? `${path} ${ownTable}` : path)) };
}

/** Looked for in the text: a file that cannot be parsed is the business of whoever needs it. */
function hasTable({ text }: ConfigFile): boolean {
  return /^\s*\[\s*tool\s*\.\s*"?repo2singularity"?\s*[\].]|^\s*tool\s*\.\s*repo2singularity\b/m.test(text);
}
