import { AppError } from "@repo2singularity/base";
import { findContainerFamily, type RepoTree } from "@repo2singularity/recipe";
import type { ContainerFamily, ConfigFile } from "@repo2singularity/recipe/container";
import { readInside } from "../pipeline/read-inside.ts";

/** The file that describes the whole image of a repository. */
export interface FoundContainerFile {
  readonly family: ContainerFamily;
  readonly file: ConfigFile;
}

/**
 * The Dockerfile or definition file of a repository, when it has one that counts or the user named one.
 * Ignore files do not hide it: they say what is copied, not what describes the image.
 * @param named relative to the repository's root
 * @throws E_USAGE when the named file is not there, E_PATH_ESCAPE when it leads out of the repository
 */
export function findContainerFile(
  directory: string,
  tree: RepoTree,
  named: string | undefined,
): FoundContainerFile | undefined {
  const file = named ?? findContainerFamily(tree)?.file;
  if (file === undefined) return undefined;
  const text = readInside(directory, file);
  if (text === undefined) {
    throw new AppError("E_USAGE", `${file}: there is no such file in the repository`, {
      hint: "--definition takes the path of a Dockerfile or definition file, relative to the repository",
    });
  }
  return { family: familyOf(file, text), file: { path: file, text: text.replace(/^\uFEFF/, "") } };
}

/** By its name, else by what only definition files have. */
function familyOf(file: string, text: string): ContainerFamily {
  if (/(?:^|[./])(?:Dockerfile|Containerfile)(?:\.[^/]*)?$/.test(file)) return "dockerfile";
  return /^\s*bootstrap\s*:/im.test(text)
    ? "definition"
    : /^\s*(?:FROM|ARG)\s/im.test(text)
      ? "dockerfile"
      : "definition";
}
