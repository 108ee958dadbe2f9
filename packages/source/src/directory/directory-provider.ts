import { existsSync, statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createCheckout, type Checkout } from "../checkout/checkout.ts";
import { enterSubdir } from "../checkout/subdir.ts";
import { resolveGit } from "../git/git-provider.ts";
import { openLocalGit } from "../git/run-git.ts";
import type { ResolvedSource, SourceContext, SourceProvider, SourceRequest, Spec } from "../provider/port.ts";
import { repositoryName } from "../spec/repository-name.ts";
import {
  findGitFolder,
  isBareRepository,
  noHistory,
  readRoot,
  readWorkTree,
  shownOrigin,
  type WorkTreeFacts,
} from "./work-tree.ts";

/**
 * Folders of this host, used where they are. With a ref, the folder's repository is fetched at that ref like any
 * other, so that what is not committed stays out.
 */
export const directoryProvider: SourceProvider = {
  name: "directory",
  detect: (text, { cwd }) => {
    const path = resolve(cwd, text);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
    const name = repositoryName(path);
    return {
      provider: "directory",
      shown: path,
      name,
      resolve: (request, context) =>
        request.ref === undefined && !isBareRepository(path)
          ? resolveFolder(path, request, context)
          : resolveHistory(path, request, context),
    } satisfies Spec;
  },
};

async function resolveFolder(path: string, { subdir }: SourceRequest, context: SourceContext): Promise<ResolvedSource> {
  const folder = await realpath(path);
  const facts = await readWorkTree(await enterSubdir(folder, subdir), context);
  return {
    provider: "directory",
    name: repositoryName(folder),
    url: facts?.originUrl,
    ref: facts?.ref,
    commit: facts?.commit,
    revision: facts?.commit,
    subdir,
    fetch: (_folder, fetchContext) => openFolder(folder, facts, subdir, fetchContext),
  };
}

async function openFolder(
  folder: string,
  facts: WorkTreeFacts | undefined,
  subdir: string | undefined,
  context: SourceContext,
): Promise<Checkout> {
  const checkout = {
    provider: "directory",
    directory: await enterSubdir(folder, subdir),
    name: repositoryName(folder),
    url: facts?.originUrl,
    ref: facts?.ref,
    commit: facts?.commit,
    revision: facts?.commit,
    commitTimeSeconds: facts?.commitTimeSeconds,
    isDirty: facts?.isDirty ?? false,
    subdir,
  };
  return createCheckout(checkout, context);
}

async function resolveHistory(path: string, request: SourceRequest, context: SourceContext): Promise<ResolvedSource> {
  const folder = await realpath(path);
  const isBare = isBareRepository(folder);
  if (!isBare && (await findGitFolder(folder)) === undefined) return resolveHgHistory(folder, request, context);
  const git = await openLocalGit(context, folder);
  const root = isBare ? folder : await readRoot(git, folder);
  const url = pathToFileURL(root).href;
  const inside = folder === root ? undefined : folder.slice(root.length + 1);
  const subdir = [inside, request.subdir].filter((part) => part !== undefined).join("/");
  return resolveGit(
    {
      url: { url, shown: url, isLocal: true },
      name: repositoryName(folder),
      shownUrl: shownOrigin(git),
    },
    { ...(request.ref === undefined ? {} : { ref: request.ref }), ...(subdir === "" ? {} : { subdir }) },
    context,
  );
}

/** @throws E_SOURCE_NOT_FOUND when the folder is no Mercurial repository either */
async function resolveHgHistory(
  folder: string,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  if (!existsSync(join(folder, ".hg"))) throw noHistory(folder);
  const { resolveMercurial } = await import("../mercurial/resolve-mercurial.ts");
  const url = pathToFileURL(folder).href;
  const repository = { url: { url, shown: `hg+${url}` }, name: repositoryName(folder), shownUrl: undefined };
  return resolveMercurial(repository, request, context);
}
