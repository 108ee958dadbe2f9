import { publicArchiveKind } from "../host/apt-archives.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import type { BaseOrigin } from "./base-layer.ts";
import { bootstrapEntries } from "./bootstrap/make-bootstrap.ts";
import { bootstrapRelease } from "./bootstrap/suites.ts";

/**
 * A bootstrapped release as a base. Its key is the release alone, whichever mirror it comes from: it is kept until
 * it is refreshed or pruned, and its record says when it was made. One of a day comes from a service that keeps archives.
 * A mirror that is no public archive is another base; a public one means what the machine's own settings mean by it.
 * @throws E_USAGE when the suite cannot be a release's name
 */
export function bootstrapBase(
  { suite, mirror, day }: { readonly suite: string; readonly mirror?: string; readonly day?: string },
  deps: BaseDependencies,
): BaseOrigin {
  const release = bootstrapRelease(suite);
  const isOwn = mirror !== undefined && publicArchiveKind(mirror) === undefined;
  const reference = `debootstrap:${suite}${isOwn ? `@${mirror}` : day === undefined ? "" : `@${day}`}`;
  const entries = (): ReturnType<typeof bootstrapEntries> =>
    bootstrapEntries(release, deps, { ...(isOwn ? { mirror } : {}), ...(day === undefined ? {} : { day }) });
  return { reference, contentKey: reference, environment: {}, entries };
}
