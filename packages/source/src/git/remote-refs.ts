import type { Git } from "./run-git.ts";
import { noRepository } from "./run-git.ts";

/** Refs of a repository as its server tells them. */
export interface RemoteRefs {
  /** The branch that HEAD stands for; undefined when it is a bare commit or the repository is empty. */
  readonly headBranch: string | undefined;
  /** Commit (or, for an annotated tag, tag object) by full name; `NAME^{}` has the commit of an annotated tag. */
  readonly commits: ReadonlyMap<string, string>;
}

/**
 * Asks a server for refs.
 * @param patterns full names; everything when empty. Servers may answer more than was asked for.
 */
export async function listRemoteRefs(git: Git, url: string, patterns: readonly string[]): Promise<RemoteRefs> {
  const output = await git.run(["ls-remote", "--quiet", "--symref", "--", url, ...patterns], {
    what: `asking ${url} for its branches`,
    cwd: noRepository,
  });
  return parseRemoteRefs(output);
}

/** Parses what `git ls-remote --symref` prints; lines of another form are left out. */
export function parseRemoteRefs(output: string): RemoteRefs {
  const commits = new Map<string, string>();
  let headBranch: string | undefined;
  for (const line of output.split("\n")) {
    const { commit, target, name } =
      /^(?:(?<commit>[0-9a-f]{40,64})|ref: (?<target>\S+))\t(?<name>\S+)$/.exec(line)?.groups ?? {};
    if (name === "HEAD" && target !== undefined) headBranch = target;
    else if (name !== undefined && commit !== undefined) commits.set(name, commit);
  }
  return { headBranch, commits };
}
