import { configPath, type ConfigDirectory } from "../../detect/config-directory.ts";
import type { ConfigFile } from "../../detect/config-file.ts";
import type { RepoTree } from "../../tree/repo-tree.ts";
import { readPoetryLock } from "./poetry-lock.ts";
import { readPoetryProject } from "./poetry-project.ts";
import { readPylock } from "./pylock.ts";
import type { PythonLock } from "./python-lock.ts";
import { readUvLock } from "./uv-lock.ts";

/** Locks in the order in which they count: the standard's, which is made to be installed, before those of projects. */
export const lockNames: readonly string[] = ["pylock.toml", "uv.lock", "poetry.lock"];

/**
 * Finds the lock of a configuration folder that counts. `requirements.txt` goes before all of them: it is what
 * repo2docker and pip read, and a repository that has both wrote it for them.
 * @returns its path, `undefined` when there is none that counts
 */
export function findLock(tree: RepoTree, directory: ConfigDirectory): string | undefined {
  if (tree.readText(configPath(directory, "requirements.txt")) !== undefined) return undefined;
  return lockNames.map((name) => configPath(directory, name)).find((path) => tree.readText(path) !== undefined);
}

/**
 * Reads a lock that was found by {@link findLock}.
 * @param pyproject the `pyproject.toml` beside it
 * @throws E_RECIPE_FILE_INVALID
 */
export function readLock(
  tree: RepoTree,
  directory: ConfigDirectory,
  lock: ConfigFile,
  pyproject: ConfigFile | undefined,
): PythonLock {
  if (lock.path.endsWith("pylock.toml")) return readPylock(lock);
  if (lock.path.endsWith("uv.lock")) return readUvLock(lock, pyproject);
  return readPoetryLock(lock, pyproject === undefined ? undefined : readPoetryProject(tree, directory, pyproject));
}
