import { existsSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, isAppError, redactUrl } from "@repo2singularity/base";
import { tryParseGitUrl } from "../git/git-url.ts";
import { openLocalGit, type Git } from "../git/run-git.ts";
import type { SourceContext } from "../provider/port.ts";

/** What git knows about a folder of the user. */
export interface WorkTreeFacts {
  /** URL of the remote `origin`, without secrets; undefined when there is none or it is a path of this host. */
  readonly originUrl: string | undefined;
  /** The branch that is checked out; undefined when a bare commit is. */
  readonly ref: string | undefined;
  readonly commit: string;
  readonly commitTimeSeconds: number;
  /** Whether files of the folder differ from the commit; new files count unless git ignores them. */
  readonly isDirty: boolean;
}

/**
 * Asks git about a folder. Nothing of the repository is run (hooks, filters other than LFS).
 * @returns undefined when the folder is in no work tree, is not tracked there, or there is no commit yet
 */
export async function readWorkTree(folder: string, context: SourceContext): Promise<WorkTreeFacts | undefined> {
  if ((await findGitFolder(folder)) === undefined) return undefined; // spares starting git
  const git = await openLocalGit(context, folder);
  try {
    return await readFacts(git, folder);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const reason = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    context.onNotice?.(`the folder is taken without its git history: ${reason}`);
    return undefined;
  }
}

/** The URL of `origin` of a repository, without secrets; undefined when there is none or it is a path of this host. */
export async function readOriginUrl(git: Git, folder: string): Promise<string | undefined> {
  const output = await git.run(["config", "--get", "remote.origin.url"], {
    what: "reading the repository's origin",
    cwd: folder,
    okExitCodes: [0, 1],
  });
  const text = output.trim();
  if (text === "") return undefined;
  try {
    const url = tryParseGitUrl(text);
    return url === undefined || url.isLocal ? undefined : redactUrl(url.shown);
  } catch (error) {
    if (isAppError(error, "E_SPEC_INVALID")) return undefined;
    throw error;
  }
}

/** The root of the work tree that a folder is in. @throws E_SOURCE_… when git refuses the repository */
export async function readRoot(git: Git, folder: string): Promise<string> {
  const args = ["rev-parse", "--show-toplevel"];
  return (await git.run(args, { what: `asking git about ${folder}`, cwd: folder })).trim();
}

/** Whether a folder is a repository without a work tree. */
export function isBareRepository(folder: string): boolean {
  return ["HEAD", "objects", "refs"].every((name) => existsSync(join(folder, name)));
}

/** The nearest `.git` at or above a folder. */
export async function findGitFolder(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await lstat(join(at, ".git")).catch(() => undefined)) !== undefined) return join(at, ".git");
    if (dirname(at) === at) return undefined;
  }
}

async function readFacts(git: Git, folder: string): Promise<WorkTreeFacts | undefined> {
  const ask = (what: string, ...args: readonly string[]): Promise<string> =>
    git.run(args, { what, cwd: folder, okExitCodes: [0, 1, 128] });
  const [, head, tracked, changes, branch, originUrl] = await Promise.all([
    readRoot(git, folder), // fails with the reason when git refuses the repository, where the others say nothing
    ask("reading the commit", "show", "--no-patch", "--no-show-signature", "--format=%H %ct", "HEAD"),
    ask("listing the folder", "ls-tree", "--name-only", "HEAD", "./"),
    ask("looking for changes", "status", "--porcelain", "-z", "--untracked-files=normal", "--", "."),
    ask("reading the branch", "symbolic-ref", "--quiet", "HEAD"),
    readOriginUrl(git, folder),
  ]);
  const { commit, time } = /^(?<commit>[0-9a-f]{40,64}) (?<time>\d+)/.exec(head)?.groups ?? {};
  if (commit === undefined || time === undefined || tracked === "") return undefined;
  const ref = branch.trim() === "" ? undefined : branch.trim();
  return { originUrl, ref, commit, commitTimeSeconds: Number(time), isDirty: changes !== "" };
}

/** @throws E_SOURCE_NOT_FOUND when a ref is asked of a folder that no commit was made in */
export function noHistory(folder: string): AppError {
  return new AppError("E_SOURCE_NOT_FOUND", `${folder} is no git repository, so it has no branches or commits`, {
    hint: "leave --ref out to take the folder as it is",
  });
}
