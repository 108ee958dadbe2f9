import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { isAppError } from "@repo2singularity/base";
import type { Git } from "./run-git.ts";

/**
 * Checks out the submodules of a checkout, theirs included, with no more history than needed where servers can.
 * @returns whether there are any
 */
export async function checkOutSubmodules(git: Git, folder: string): Promise<boolean> {
  const stats = await lstat(join(folder, ".gitmodules")).catch(() => undefined);
  if (stats?.isFile() !== true) return false;
  const update = ["submodule", "--quiet", "update", "--init", "--recursive"];
  const options = { what: "fetching the submodules", cwd: folder };
  try {
    await git.run([...update, "--depth=1"], options);
  } catch (error) {
    // Some servers give no commit that is not the tip of a branch unless the whole history is fetched.
    if (!isAppError(error, "E_SOURCE_FETCH") && !isAppError(error, "E_SOURCE_NOT_FOUND")) throw error;
    await git.run(["submodule", "--quiet", "deinit", "--all", "--force"], options);
    await git.run(update, options);
  }
  return true;
}
