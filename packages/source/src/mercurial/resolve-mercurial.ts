import { AppError, isAppError } from "@repo2singularity/base";
import { createCheckout, type Checkout } from "../checkout/checkout.ts";
import { enterSubdir } from "../checkout/subdir.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import type { HgUrl } from "./hg-url.ts";
import { runHg } from "./run-hg.ts";

/** A Mercurial repository and what images say about it. */
export interface HgRepository {
  readonly url: HgUrl;
  readonly name: string;
  readonly shownUrl: string | undefined;
}

const noRepository = "/";
const fullNode = /^[0-9a-f]{40}$/;
/** What no name of Mercurial may hold, and what would make a question in its query language of it. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const notInNames = /[\u0000-\u001f\u007f:()"']|^-/;
/** What a clone would check out: the bookmark `@`, else the default branch, else whatever is newest. */
const defaultRevisions = ["@", "default", "tip"];

/**
 * The changeset that a branch, tag, bookmark or (short) number means now, asked of the server without a clone.
 * @throws E_SOURCE_REF_UNKNOWN, E_PROCESS_NOT_FOUND when hg is not installed, and what `runHg` throws
 */
export async function resolveMercurial(
  repository: HgRepository,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const { name, shownUrl, url } = repository;
  const wanted = request.ref === undefined || request.ref === "HEAD" ? defaultRevisions : [request.ref];
  const commit = await findChangeset(url, wanted, context);
  const isName = request.ref !== undefined && !commit.startsWith(request.ref.toLowerCase());
  const ref = isName ? request.ref : undefined;
  return {
    provider: "mercurial",
    name,
    url: shownUrl,
    ref,
    commit,
    revision: commit,
    subdir: request.subdir,
    fetch: (folder, fetchContext) => fetchChangeset(repository, { ref, commit }, request.subdir, folder, fetchContext),
  };
}

async function findChangeset(url: HgUrl, names: readonly string[], context: SourceContext): Promise<string> {
  const [last] = names.slice(-1);
  for (const name of names) {
    if (notInNames.test(name)) {
      throw new AppError("E_SOURCE_REF_UNKNOWN", `${JSON.stringify(name)} cannot be the name of a branch or tag`, {
        hint: "give a branch, a tag, a bookmark or a changeset",
      });
    }
    try {
      const args = ["identify", "--debug", "--id", `--rev=${name}`, "--", url.url];
      const output = await runHg(args, { what: `asking ${url.shown} for ${name}`, cwd: noRepository }, context);
      // --debug gives all digits, and for servers also what is said to them
      const node = output.split("\n").find((line) => fullNode.test(line));
      if (node !== undefined && !/^0+$/.test(node)) return node;
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
  }
  throw new AppError("E_SOURCE_REF_UNKNOWN", `${url.shown} has no branch, tag, bookmark or changeset "${last}"`, {
    hint: `hg branches and hg tags in a clone list what there is`,
  });
}

function isUnknown(error: unknown): boolean {
  if (!isAppError(error) || typeof error.data?.["stderr"] !== "string") return false;
  return /unknown revision|ambiguous identifier|not found in manifest|00changelog.*(?:no match|ambiguous)/i.test(
    error.data["stderr"],
  );
}

async function fetchChangeset(
  { url, name, shownUrl }: HgRepository,
  { ref, commit }: { readonly ref: string | undefined; readonly commit: string },
  subdir: string | undefined,
  folder: string,
  context: SourceContext,
): Promise<Checkout> {
  const what = `fetching ${url.shown}`;
  await runHg(["clone", "--noupdate", `--rev=${commit}`, "--", url.url, folder], { what, cwd: noRepository }, context);
  await runHg(["update", "--clean", `--rev=${commit}`], { what: `checking out ${commit}`, cwd: folder }, context);
  const date = await runHg(
    ["log", `--rev=${commit}`, "--template={date|hgdate}"],
    { what: "reading the changeset", cwd: folder },
    context,
  );
  const facts = {
    provider: "mercurial",
    directory: await enterSubdir(folder, subdir),
    name,
    url: shownUrl,
    ref,
    commit,
    revision: commit,
    commitTimeSeconds: Number(/^\d+/.exec(date)?.[0] ?? "0"),
    isDirty: false,
    subdir,
  };
  return createCheckout(facts, context);
}
