import type { BaseDependencies } from "./base-dependencies.ts";
import type { BaseOrigin } from "./base-layer.ts";
import { bootstrapEntries } from "./bootstrap/make-bootstrap.ts";
import { bootstrapRelease } from "./bootstrap/suites.ts";

/**
 * A bootstrapped release as a base. Its key is the release alone, whichever mirror it comes from: it is kept until
 * it is refreshed or pruned, and its record says when it was made.
 * @throws E_USAGE when the suite cannot be a release's name
 */
export function bootstrapBase(suite: string, deps: BaseDependencies): BaseOrigin {
  const release = bootstrapRelease(suite);
  const reference = `debootstrap:${suite}`;
  return { reference, contentKey: reference, environment: {}, entries: () => bootstrapEntries(release, deps) };
}
