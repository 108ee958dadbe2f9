import { AppError } from "@repo2singularity/base";
import { normalizeSubdir } from "../../checkout/subdir.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../../provider/port.ts";
import { oneRef } from "../../record/one-ref.ts";
import { resolveGit, type GitRepository } from "../git-provider.ts";
import { listRemoteRefs } from "../remote-refs.ts";
import { openRemoteGit } from "../run-git.ts";
import type { ForgePart } from "./forge-place.ts";

/** A ref and the path behind it. */
interface RefAndPath {
  readonly ref: string;
  /** Empty when the page shows the repository's root. */
  readonly path: string;
}

/**
 * Resolves what a short form or page means. The folder of a page becomes the subdir; the page of a file means the whole
 * repository, because what describes the environment rarely lies beside the file.
 * @throws E_USAGE when `--ref` or `--subdir` say something else, and what `resolveGit` throws
 */
export async function resolveForge(
  repository: GitRepository,
  part: ForgePart | undefined,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  if (part === undefined) return resolveGit(repository, request, context);
  const { ref: own, path } =
    part.kind === "ref" ? { ref: part.ref, path: "" } : await splitPath(repository, part, context);
  const ref = oneRef(own, request.ref, "the page");
  const isFolder = part.kind === "refAndPath" && part.of === "folder" && path !== "";
  const folder = isFolder ? normalizeSubdir(path) : undefined;
  if (folder !== undefined && request.subdir !== undefined && folder !== request.subdir) {
    throw new AppError("E_USAGE", `the page shows the folder ${folder}, and --subdir asks for ${request.subdir}`, {
      hint: "leave one of them out",
    });
  }
  if (part.kind === "refAndPath" && part.of === "file" && path !== "") {
    context.onNotice?.(`the page shows the file ${path}: the whole repository is built; --subdir takes a folder of it`);
  }
  const subdir = folder ?? request.subdir;
  const wanted = { ...(ref === undefined ? {} : { ref }), ...(subdir === undefined ? {} : { subdir }) };
  return resolveGit(repository, wanted, context);
}

/** Branches and tags may have slashes: the longest one that the server has is taken, else the first part. */
async function splitPath(
  { url }: GitRepository,
  { segments }: Extract<ForgePart, { kind: "refAndPath" }>,
  context: SourceContext,
): Promise<RefAndPath> {
  const counts = segments.map((_, index) => index + 1);
  const splits = counts.map((count) => ({
    ref: segments.slice(0, count).join("/"),
    path: segments.slice(count).join("/"),
  }));
  const [single] = splits;
  if (single === undefined || splits.length === 1) return single ?? { ref: "HEAD", path: "" };
  const git = await openRemoteGit(url, context);
  const names = splits.flatMap(({ ref }) => [`refs/heads/${ref}`, `refs/tags/${ref}`]);
  const { commits } = await listRemoteRefs(git, url.shown, names);
  const known = splits.filter(({ ref }) => commits.has(`refs/heads/${ref}`) || commits.has(`refs/tags/${ref}`));
  return known.at(-1) ?? single;
}
