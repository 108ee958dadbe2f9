import { existsSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, isAppError, redactUrl } from "@repo2singularity/base";
import { tryParseGitUrl } from "../git/git-url.ts";
import { gitForHistory, openLocalGit, type Git, type LocalGit } from "../git/run-git.ts";
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
  try {
    return await readFacts(folder, context);
  } catch (error) {
    if (!isAppError(error) || error.code === "E_PROCESS_NOT_FOUND") throw error;
    const reason = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    context.onNotice?.(`the folder is taken without its git history: ${reason}`);
    return undefined;
  }
}

/** The URL of `origin` of a repository, without secrets; undefined when there is none or it is a path of this host. */
export function shownOrigin({ originUrl }: LocalGit): string | undefined {
  if (originUrl === undefined || originUrl === "") return undefined;
  try {
    const url = tryParseGitUrl(originUrl);
    return url === undefined || url.isLocal ? undefined : redactUrl(url.shown);
  } catch (error) {
    if (isAppError(error, "E_SPEC_INVALID")) return undefined;
    throw error;
  }
}

/** The root of the work tree that a folder is in. @throws E_SOURCE_… when git refuses the repository */
export async function readRoot(git: Git, folder: string): Promise<string> {
  const args = ["rev-parse", "--show-toplevel"];
  return (await git.run(args, { what: askingAbout(folder), cwd: folder })).trim();
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

async function readFacts(folder: string, context: SourceContext): Promise<WorkTreeFacts | undefined> {
  const history = gitForHistory(context);
  const [git, branch, head] = await Promise.all([
    openLocalGit(context, folder),
    // fails with the reason when git refuses the repository
    history.run(["symbolic-ref", "--quiet", "HEAD"], { what: askingAbout(folder), cwd: folder, okExitCodes: [0, 1] }),
    readHead(history, folder),
  ]);
  if (head === undefined) return undefined;
  const status = ["status", "--porcelain", "-z", "--untracked-files=normal", "--", "."];
  const changes = await git.run(status, { what: "looking for changes", cwd: folder, okExitCodes: [0, 1, 128] });
  const ref = branch.trim() === "" ? undefined : branch.trim();
  return { originUrl: shownOrigin(git), ref, ...head, isDirty: changes !== "" };
}

/** The commit of a folder; undefined before the first one, and when the folder is not in it or empty there. */
async function readHead(
  git: Git,
  folder: string,
): Promise<Pick<WorkTreeFacts, "commit" | "commitTimeSeconds"> | undefined> {
  const args = ["show", "--no-patch", "--no-show-signature", "--format=%H %ct", "HEAD", "HEAD:./"];
  const options = { what: "reading the commit", cwd: folder, okExitCodes: [0, 128], isQuiet: true };
  // the commit's line, then the names that the folder has in it
  const shown = /^(?<commit>[0-9a-f]{40,64}) (?<time>\d+)\s+tree HEAD:\.\/\s+\S/.exec(await git.run(args, options));
  const { commit, time } = shown?.groups ?? {};
  return commit === undefined ? undefined : { commit, commitTimeSeconds: Number(time) };
}

function askingAbout(folder: string): string {
  return `asking git about ${folder}`;
}

/** @throws E_SOURCE_NOT_FOUND when a ref is asked of a folder that no commit was made in */
export function noHistory(folder: string): AppError {
  return new AppError(
    "E_SOURCE_NOT_FOUND",
    `${folder} is no git or Mercurial repository, so it has no branches or commits`,
    {
      hint: "leave --ref out to take the folder as it is",
    },
  );
}
