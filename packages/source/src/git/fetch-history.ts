import { isAppError } from "@repo2singularity/base";
import type { Git } from "./run-git.ts";

const refspecs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];

/** The depth that git takes for "all of it". */
const wholeDepth = "--depth=2147483647";

/**
 * Fetches the history of all branches and tags of `origin`.
 * @param filter what the server may leave out: `blob:none` files, `tree:0` folders too; git asks for them when needed
 */
export async function fetchHistory(git: Git, folder: string, filter: string, what: string): Promise<void> {
  const fetch = ["fetch", "--quiet", "--no-tags", "--force"];
  try {
    // The depth makes a server that is only files (dumb http) refuse at once: with a filter alone git never ends there.
    await git.run([...fetch, wholeDepth, `--filter=${filter}`, "origin", ...refspecs], { what, cwd: folder });
  } catch (error) {
    if (!isAppError(error, "E_SOURCE_FETCH")) throw error;
    for (const key of ["remote.origin.promisor", "remote.origin.partialclonefilter"]) {
      await git.run(["config", "--unset-all", key], { what, cwd: folder, okExitCodes: [0, 5] });
    }
    await git.run([...fetch, "origin", ...refspecs], { what, cwd: folder });
  }
}
