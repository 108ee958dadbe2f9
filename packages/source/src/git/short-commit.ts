import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import type { SourceContext } from "../provider/port.ts";
import { fetchHistory } from "./fetch-history.ts";
import type { GitUrl } from "./git-url.ts";
import type { Git } from "./run-git.ts";

/**
 * The one commit whose number begins with some digits. Servers cannot be asked for that, so the history is fetched,
 * without folders and files where the server can leave them out.
 * @param prefix 4 to 39 lower-case hexadecimal digits
 * @returns undefined when there is none
 * @throws E_SOURCE_REF_UNKNOWN when there are several
 */
export async function findCommit(
  git: Git,
  url: GitUrl,
  prefix: string,
  context: SourceContext,
): Promise<string | undefined> {
  const cwd = await mkdtemp(join(context.scratchFolder, "history-"));
  const what = `reading the history of ${url.shown}`;
  try {
    await git.run(["init", "--quiet", "--bare", "--template="], { what, cwd });
    await git.run(["config", "remote.origin.url", url.shown], { what, cwd });
    await fetchHistory(git, cwd, "tree:0", what);
    const objects = await git.run(["rev-parse", `--disambiguate=${prefix}`], { what, cwd });
    const kinds = await git.run(["cat-file", "--batch-check=%(objectname) %(objecttype)"], {
      what,
      cwd,
      input: objects,
    });
    const commits = kinds
      .split("\n")
      .filter((line) => line.endsWith(" commit"))
      .map((line) => line.replace(" commit", ""));
    if (commits.length > 1) throw ambiguous(url, prefix, commits);
    return commits[0];
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function ambiguous(url: GitUrl, prefix: string, commits: readonly string[]): AppError {
  return new AppError("E_SOURCE_REF_UNKNOWN", `"${prefix}" is the beginning of several commits of ${url.shown}`, {
    hint: `give more digits: ${commits.slice(0, 5).join(", ")}`,
    data: { commits },
  });
}
