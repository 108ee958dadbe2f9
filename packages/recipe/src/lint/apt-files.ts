import { isAppError } from "@repo2singularity/base";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import { readConfigFile } from "../detect/family.ts";
import { findOwnFile } from "../own-file/find-own-file.ts";
import { parseOwnFile } from "../own-file/read-own-file.ts";
import { parseAptTxt } from "../system/apt-txt.ts";
import type { RepoTree } from "../tree/repo-tree.ts";

/** The packages of the distribution that files ask for; of a file that cannot be read, none: others tell of it. */
export function readAptFiles(tree: RepoTree, directory: ConfigDirectory): readonly string[] {
  return [...tryRead(() => aptTxt(tree, directory)), ...tryRead(() => ownPackages(tree, directory))];
}

function aptTxt(tree: RepoTree, directory: ConfigDirectory): readonly string[] {
  const file = readConfigFile(tree, configPath(directory, "apt.txt"));
  return file === undefined ? [] : parseAptTxt(file);
}

function ownPackages(tree: RepoTree, directory: ConfigDirectory): readonly string[] {
  const place = findOwnFile(tree, directory);
  return place === undefined ? [] : (parseOwnFile(place.file).values?.packages ?? []);
}

function tryRead(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch (error) {
    if (isAppError(error, "E_RECIPE_FILE_INVALID")) return [];
    throw error;
  }
}
