import { AppError, nearNames } from "@repo2singularity/base";
import type { SourceContext } from "../provider/port.ts";
import type { GitUrl } from "./git-url.ts";
import { listRemoteRefs, type RemoteRefs } from "./remote-refs.ts";
import type { Git } from "./run-git.ts";
import { findCommit } from "./short-commit.ts";

/** What a ref means on the server now. */
export interface ResolvedRef {
  /** Full name of the branch or tag; undefined for a commit. */
  readonly ref: string | undefined;
  /** The commit, or the tag object when the full number of one was asked for. */
  readonly commit: string;
}

const fullCommit = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;
const shortCommit = /^[0-9a-f]{4,39}$/i;
/** What no ref name may hold (git-check-ref-format), and what would be a pattern or an option. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const notInRefs = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|^[-/]|\/\/|[./]$|\.lock(?:\/|$)/;
const shownNames = 5;

/**
 * The commit that a ref means, by this order, whatever else there is:
 *
 * 1. nothing, or `HEAD`: the server's HEAD, which is its default branch
 * 2. 40 or 64 hexadecimal digits: that commit, even if a branch has such a name
 * 3. `refs/…`: that ref
 * 4. a branch of that name; when a tag has it too, the branch counts and a notice says so
 * 5. a tag of that name, peeled to its commit
 * 6. 4 to 39 hexadecimal digits: the one commit of any branch or tag that begins so
 *
 * @throws E_SOURCE_REF_UNKNOWN with near names when there is none, or several commits begin so
 */
export async function resolveRef(
  git: Git,
  url: GitUrl,
  wanted: string | undefined,
  context: SourceContext,
): Promise<ResolvedRef> {
  if (wanted === undefined || wanted === "HEAD") return resolveHead(git, url);
  if (fullCommit.test(wanted)) return { ref: undefined, commit: wanted.toLowerCase() };
  if (notInRefs.test(wanted)) {
    throw new AppError("E_SOURCE_REF_UNKNOWN", `${JSON.stringify(wanted)} cannot be the name of a branch or tag`, {
      hint: "give a branch, a tag or a commit",
    });
  }
  const names = wanted.startsWith("refs/") ? [wanted] : [`refs/heads/${wanted}`, `refs/tags/${wanted}`];
  const asked = names.flatMap((name) => [name, `${name}^{}`]);
  const refs = await listRemoteRefs(git, url.shown, asked);
  const found = names.filter((name) => refs.commits.has(name));
  const [first, second] = found;
  if (first !== undefined) {
    if (second !== undefined) context.onNotice?.(`"${wanted}" is a branch and a tag: the branch is taken`);
    return { ref: first, commit: peeled(refs, first) };
  }
  const commit = shortCommit.test(wanted) ? await findCommit(git, url, wanted.toLowerCase(), context) : undefined;
  if (commit !== undefined) return { ref: undefined, commit };
  throw await unknownRef(git, url, wanted);
}

async function resolveHead(git: Git, url: GitUrl): Promise<ResolvedRef> {
  const refs = await listRemoteRefs(git, url.shown, ["HEAD"]);
  const commit = refs.commits.get("HEAD");
  if (commit !== undefined) return { ref: refs.headBranch, commit };
  const { commits } = await listRemoteRefs(git, url.shown, []);
  const branches = shortNames(commits, /^refs\/heads\//);
  const what = branches.length === 0 ? "has no commits yet" : "has a HEAD that leads nowhere";
  throw new AppError("E_SOURCE_REF_UNKNOWN", `${url.shown} ${what}`, {
    hint: branches.length === 0 ? "push a commit first" : `give --ref; it has ${listed(branches)}`,
  });
}

async function unknownRef(git: Git, url: GitUrl, wanted: string): Promise<AppError> {
  const { commits } = await listRemoteRefs(git, url.shown, []);
  const names = shortNames(commits, /^refs\/(?:heads|tags)\//);
  const near = nearNames(wanted, names, shownNames);
  const known = near.length > 0 ? `did you mean ${listed(near)}?` : `it has ${listed(names)}`;
  return new AppError("E_SOURCE_REF_UNKNOWN", `${url.shown} has no branch, tag or commit "${wanted}"`, {
    hint: names.length === 0 ? "push a commit first" : known,
    data: { wanted, near },
  });
}

function peeled(refs: RemoteRefs, name: string): string {
  return refs.commits.get(`${name}^{}`) ?? refs.commits.get(name) ?? "";
}

function shortNames(commits: ReadonlyMap<string, string>, prefix: RegExp): string[] {
  return [...commits.keys()]
    .filter((name) => prefix.test(name) && !name.endsWith("^{}"))
    .map((n) => n.replace(prefix, ""));
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(", ");
  return names.length > shownNames ? `${shown} and ${names.length - shownNames} more` : shown;
}
