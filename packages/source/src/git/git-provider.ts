import { isAppError } from "@repo2singularity/base";
import { createCheckout, type Checkout } from "../checkout/checkout.ts";
import { enterSubdir } from "../checkout/subdir.ts";
import type { ResolvedSource, SourceContext, SourceProvider, SourceRequest, Spec } from "../provider/port.ts";
import { repositoryName } from "../spec/repository-name.ts";
import { fetchCommit } from "./fetch-commit.ts";
import { tryParseGitUrl, type GitUrl } from "./git-url.ts";
import { fetchLfsFiles } from "./lfs.ts";
import { resolveRef, type ResolvedRef } from "./resolve-ref.ts";
import { openRemoteGit } from "./run-git.ts";
import { checkOutSubmodules } from "./submodules.ts";

/** Repositories that the host's git can reach: https, http, ssh, git, file, `git@host:path`. */
export const gitProvider: SourceProvider = {
  name: "git",
  detect: (text) => {
    const url = tryParseGitUrl(text);
    if (url === undefined) return undefined;
    const name = repositoryName(url.shown);
    return {
      provider: "git",
      shown: url.shown,
      name,
      resolve: (request, context) => resolveAny({ url, name, shownUrl: url.shown }, request, context),
    } satisfies Spec;
  },
};

/** What cannot be one of Mercurial: GitHub, `….git`, and addresses that hg does not have or would show a password of. */
const onlyGit = /^https?:\/\/(?:www\.)?github\.com\/|\.git\/?$|^(?!https?:)/i;

async function resolveAny(
  repository: GitRepository,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  try {
    return await resolveGit(repository, request, context);
  } catch (error) {
    const isOther = isAppError(error, "E_SOURCE_NOT_FOUND") || isAppError(error, "E_SOURCE_FETCH");
    if (!isOther || onlyGit.test(repository.url.url)) throw error;
    const { tryMercurialInstead } = await import("../mercurial/mercurial-instead.ts");
    const found = await tryMercurialInstead(repository.url, repository.name, request, context);
    if (found === undefined) throw error;
    return found;
  }
}

/** A git repository and what images say about it. */
export interface GitRepository {
  readonly url: GitUrl;
  readonly name: string;
  /** Where it comes from, for labels: not a path of this host when the repository is a folder of the user. */
  readonly shownUrl: string | undefined;
}

/** Resolves a ref of a git repository without cloning it (short commits excepted, which need the history). */
export async function resolveGit(
  repository: GitRepository,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const git = await openRemoteGit(repository.url, context);
  const resolved = await resolveRef(git, repository.url, request.ref, context);
  return {
    provider: "git",
    name: repository.name,
    url: repository.shownUrl,
    ref: resolved.ref,
    commit: resolved.commit,
    revision: resolved.commit,
    subdir: request.subdir,
    fetch: (folder, fetchContext) => fetchGit(repository, resolved, request.subdir, folder, fetchContext),
  };
}

async function fetchGit(
  repository: GitRepository,
  resolved: ResolvedRef,
  subdir: string | undefined,
  folder: string,
  context: SourceContext,
): Promise<Checkout> {
  const git = await openRemoteGit(repository.url, context);
  const commit = await fetchCommit(git, repository.url, resolved, folder);
  const hasSubmodules = await checkOutSubmodules(git, folder);
  await fetchLfsFiles(git, folder, hasSubmodules, context);
  const time = await git.run(["show", "--no-patch", "--no-show-signature", "--format=%ct", commit], {
    what: "reading the commit",
    cwd: folder,
  });
  const facts = {
    provider: "git",
    directory: await enterSubdir(folder, subdir),
    name: repository.name,
    url: repository.shownUrl,
    ref: resolved.ref,
    commit,
    revision: commit,
    commitTimeSeconds: Number(time.trim()),
    isDirty: false,
    subdir,
  };
  return createCheckout(facts, context);
}
