import type { Checkout } from "./checkout/checkout.ts";
import { normalizeSubdir } from "./checkout/subdir.ts";
import type { ResolvedSource, SourceContext, SourceRequest, Spec } from "./provider/port.ts";

/**
 * Finds out which state of a repository is meant, without fetching it where that can be.
 * @throws E_SOURCE_REF_UNKNOWN with near names, E_SOURCE_AUTH, E_SOURCE_NETWORK, E_SOURCE_NOT_FOUND, E_SOURCE_FETCH
 * @throws E_USAGE when `subdir` leads out of the repository
 */
export async function resolveSource(
  spec: Spec,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const { ref } = request;
  const subdir = request.subdir === undefined ? undefined : normalizeSubdir(request.subdir);
  return spec.resolve({ ...(ref === undefined ? {} : { ref }), ...(subdir === undefined ? {} : { subdir }) }, context);
}

/**
 * Brings a resolved source onto the disk.
 * @param folder an empty folder, or one that can be made; a local folder is used where it is and `folder` left alone
 * @throws E_SUBDIR_NOT_FOUND, and what {@link resolveSource} throws
 */
export async function fetchCheckout(source: ResolvedSource, folder: string, context: SourceContext): Promise<Checkout> {
  return source.fetch(folder, context);
}
