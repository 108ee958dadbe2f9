import { isAppError } from "@repo2singularity/base";
import type { GitUrl } from "../git/git-url.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { resolveMercurial } from "./resolve-mercurial.ts";

/**
 * Asks a server in which git found no repository for one of Mercurial, as nothing in a URL tells them apart.
 * @returns undefined when it is none either, or hg is not installed: then git's error is the one to tell
 */
export async function tryMercurialInstead(
  { url, shown }: GitUrl,
  name: string,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource | undefined> {
  try {
    return await resolveMercurial({ url: { url, shown }, name, shownUrl: shown }, request, context);
  } catch (error) {
    if (isAppError(error) && error.code !== "E_SOURCE_REF_UNKNOWN") return undefined;
    throw error;
  }
}
