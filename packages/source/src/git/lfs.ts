import { isAppError } from "@repo2singularity/base";
import type { SourceContext } from "../provider/port.ts";
import { lfsFilterSettings } from "./git-environment.ts";
import type { Git } from "./run-git.ts";

/**
 * Brings the files that Git LFS keeps elsewhere. Without git-lfs they stay pointers, and a notice says so.
 * @param hasSubmodules whether those of submodules are wanted too
 */
export async function fetchLfsFiles(
  git: Git,
  folder: string,
  hasSubmodules: boolean,
  context: SourceContext,
): Promise<void> {
  const lookup = ["ls-files", ":(attr:filter=lfs)"];
  let files = await git.run(lookup, { what: "looking for LFS files", cwd: folder });
  if (hasSubmodules) {
    const each = ["submodule", "--quiet", "foreach", "--recursive", "git ls-files ':(attr:filter=lfs)'"];
    files += await git.run(each, { what: "looking for LFS files of submodules", cwd: folder });
  }
  const fileCount = files.split("\n").filter((line) => line !== "").length;
  if (fileCount === 0) return;
  if (!(await hasLfs(git, folder))) {
    context.onNotice?.(`${fileCount} files are kept by Git LFS: they stay pointers because git-lfs is not installed`);
    return;
  }
  const options = { what: "fetching the LFS files", cwd: folder, settings: lfsFilterSettings };
  await git.run(["lfs", "pull"], options);
  if (hasSubmodules) await git.run(["submodule", "--quiet", "foreach", "--recursive", "git lfs pull"], options);
}

async function hasLfs(git: Git, folder: string): Promise<boolean> {
  try {
    await git.run(["lfs", "version"], { what: "looking for git-lfs", cwd: folder });
    return true;
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}
