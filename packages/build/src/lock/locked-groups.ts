import { canonicalJson, isAppError, sha256Hex } from "@repo2singularity/base";
import type { PackageLock, StepGroup } from "@repo2singularity/contracts";
import type { Store } from "@repo2singularity/store";
import { findGroupLayer } from "../pipeline/find-layer.ts";
import { isCommon, type KeyedGroup } from "../pipeline/group-key.ts";
import type { LayerPackages } from "../pipeline/resolved-packages.ts";
import { checkLockedLayer } from "./compare-lock.ts";

/**
 * The keys under which the layers of a build with a lock are kept. They show in no image: the key of the recipe says what
 * was asked for, and two images of one lock are the same whether or not they were made by it.
 * A layer of the common groups that was built without the lock and has its packages is taken as it is.
 */
export async function* lockGroups(
  groups: readonly KeyedGroup[],
  lock: PackageLock | undefined,
  store: Store,
): AsyncGenerator<{ readonly group: KeyedGroup; readonly publicKey: string }, void, undefined> {
  let isShared = true;
  for (const keyed of groups) {
    if (lock !== undefined) isShared &&= await hasFittingLayer(keyed, lock, store);
    const key = lock === undefined || isShared ? keyed.key : sha256Hex(canonicalJson([keyed.key, ...contentOf(lock)]));
    yield { group: { ...keyed, key }, publicKey: keyed.key };
  }
}

async function hasFittingLayer(keyed: KeyedGroup, lock: PackageLock, store: Store): Promise<boolean> {
  if (!isCommon(keyed.group.name)) return false; // what is a repository's own is built anew, led by the lock
  const layer = await findGroupLayer(store, keyed);
  if (layer === undefined) return false;
  try {
    checkLockedGroup(lock, keyed.group, layer.packages);
    return true;
  } catch (error) {
    if (isAppError(error, "E_LOCK_UNFIT")) return false;
    throw error;
  }
}

/**
 * Checks that the layer of a group holds nothing but what the lock says. The server's own environment may be taken away
 * again by a later group, when it joins the user's: it is checked with the finished image.
 * @throws E_LOCK_UNFIT
 */
export function checkLockedGroup(lock: PackageLock, { name, title }: StepGroup, packages: LayerPackages): void {
  checkLockedLayer(lock, title, name === "server" ? { ...packages, installed: {} } : packages);
}

/** What of a lock decides which packages steps install. */
function contentOf({ packages, files }: PackageLock): readonly unknown[] {
  return files === undefined ? [packages] : [packages, files];
}
