import { publicArchiveKind } from "../host/apt-archives.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import type { BaseOrigin } from "./base-layer.ts";
import { bootstrapEntries } from "./bootstrap/make-bootstrap.ts";
import { bootstrapRelease } from "./bootstrap/suites.ts";

/**
 * A bootstrapped release as a base. Its key is the release alone, whichever mirror it comes from: it is kept until
 * it is refreshed or pruned, and its record says when it was made.
 * A mirror that is no public archive is another base; a public one means what the machine's own settings mean by it.
 * @throws E_USAGE when the suite cannot be a release's name
 */
export function bootstrapBase(
  { suite, mirror }: { readonly suite: string; readonly mirror?: string },
  deps: BaseDependencies,
): BaseOrigin {
  const release = bootstrapRelease(suite);
  const isOwn = mirror !== undefined && publicArchiveKind(mirror) === undefined;
  const reference = isOwn ? `debootstrap:${suite}@${mirror}` : `debootstrap:${suite}`;
  const entries = (): ReturnType<typeof bootstrapEntries> =>
    bootstrapEntries(release, deps, isOwn ? mirror : undefined);
  return { reference, contentKey: reference, environment: {}, entries };
}
