import { mkdir } from "node:fs/promises";
import { AppError, isAppError } from "@repo2singularity/base";
import { fetchHistory } from "./fetch-history.ts";
import type { GitUrl } from "./git-url.ts";
import type { ResolvedRef } from "./resolve-ref.ts";
import type { Git } from "./run-git.ts";

/** Failures that another way of fetching would meet as well. */
const hopeless = ["E_SOURCE_AUTH", "E_NO_SPACE", "E_PROCESS_NOT_FOUND"] as const;

/**
 * Fetches one commit into a folder and checks it out, with as little history as the server can give: the commit alone
 * by its number, else by its ref, else the whole history without files that are not needed, which every server has.
 * @returns the commit, with a tag object peeled
 * @throws E_SOURCE_REF_UNKNOWN when the repository has no such commit
 */
export async function fetchCommit(git: Git, url: GitUrl, resolved: ResolvedRef, folder: string): Promise<string> {
  const what = `fetching ${url.shown}`;
  await mkdir(folder, { recursive: true });
  await git.run(["init", "--quiet", "--template="], { what, cwd: folder });
  await git.run(["config", "remote.origin.url", url.shown], { what, cwd: folder });
  const commit = await fetchAnyWay(git, url, resolved, folder);
  await git.run(["checkout", "--quiet", "--force", "--detach", commit], {
    what: `checking out ${commit}`,
    cwd: folder,
  });
  return commit;
}

async function fetchAnyWay(git: Git, url: GitUrl, resolved: ResolvedRef, folder: string): Promise<string> {
  const base = ["--quiet", "--no-tags", "--force"];
  const ways: (readonly string[])[] = [
    [...base, "--depth=1", "origin", resolved.commit],
    ...(resolved.ref === undefined ? [] : [[...base, "--depth=1", "origin", `+${resolved.ref}`]]),
  ];
  let failure: unknown;
  for (const way of [...ways, "whole" as const]) {
    try {
      if (way === "whole") await fetchHistory(git, folder, "blob:none", `fetching ${url.shown}`);
      else await git.run(["fetch", ...way], { what: `fetching ${url.shown}`, cwd: folder });
    } catch (error) {
      if (!isAppError(error) || hopeless.some((code) => code === error.code)) throw error;
      failure = error;
      continue;
    }
    const commit = await peel(git, resolved.commit, folder);
    if (commit !== undefined) return commit;
    failure = undefined;
  }
  throw failure ?? noSuchCommit(url, resolved.commit);
}

/** @returns undefined when the commit was not fetched, because its ref has moved on */
async function peel(git: Git, commit: string, folder: string): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", `${commit}^{commit}`];
  // without the network: a partial repository would ask the server for what it does not have
  const variables = { GIT_NO_LAZY_FETCH: "1", GIT_ALLOW_PROTOCOL: "none" };
  const output = await git.run(args, {
    what: "looking for the commit",
    cwd: folder,
    okExitCodes: [0, 1, 128],
    variables,
  });
  return output.trim() === "" ? undefined : output.trim();
}

function noSuchCommit(url: GitUrl, commit: string): AppError {
  return new AppError("E_SOURCE_REF_UNKNOWN", `${url.shown} has no commit ${commit} on any branch or tag`, {
    hint: "check the number, and that the commit was pushed",
  });
}
