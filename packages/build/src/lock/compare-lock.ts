import { AppError } from "@repo2singularity/base";
import type { LockedPackage, PackageLock } from "@repo2singularity/contracts";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { mergePackages, type LayerPackages } from "../pipeline/resolved-packages.ts";

/** How many differences a message names. */
const shownCount = 8;

/**
 * Checks before anything is built that a lock was made for such a machine and base.
 * @throws E_LOCK_UNFIT
 */
export function checkLockedBase(lock: PackageLock, base: ResolvedBase, platform: string): void {
  if (lock.platform !== platform) {
    throw new AppError("E_LOCK_UNFIT", `the lock is for ${lock.platform}, this build for ${platform}`, {
      hint: `build on a machine of ${lock.platform}, or without --locked`,
    });
  }
  if (lock.base.digest === base.digest) return;
  const differences = differencesOf(mergePackages([base.packages]), lock);
  if (differences.length === 0) return;
  throw unfit(`the base ${base.reference} is not that of the lock, ${lock.base.reference}`, differences, {
    hint: "name the lock's base with --base (a .sif or an archive of it keeps it for ever), or build without --locked",
  });
}

/**
 * Checks that what a layer holds is in the lock. Only the last of all layers can tell what is missing.
 * @throws E_LOCK_UNFIT
 */
export function checkLockedLayer(lock: PackageLock, title: string, packages: LayerPackages): void {
  const differences = differencesOf(mergePackages([packages]), lock);
  if (differences.length > 0) throw unfit(`${title}: what was installed is not what the lock says`, differences);
}

/**
 * Checks that an image has the packages of the lock, all of them and no others.
 * @throws E_LOCK_UNFIT
 */
export function checkLockedImage(lock: PackageLock, packages: readonly LockedPackage[]): void {
  const differences = [...differencesOf(packages, lock), ...missingOf(packages, lock)];
  if (differences.length > 0) throw unfit("the image does not have the packages of the lock", differences);
}

/** Whether an image has the packages of the lock, all of them and no others. */
export function hasPackagesOf(lock: PackageLock, packages: readonly LockedPackage[]): boolean {
  return differencesOf(packages, lock).length === 0 && missingOf(packages, lock).length === 0;
}

function unfit(what: string, differences: readonly string[], options: { readonly hint?: string } = {}): AppError {
  const shown = differences.slice(0, shownCount).join("; ");
  const more = differences.length > shownCount ? `; and ${differences.length - shownCount} more` : "";
  return new AppError("E_LOCK_UNFIT", `${what}: ${shown}${more}`, {
    hint: "build without --locked to make an image with a lock of its own",
    ...options,
    data: { differences },
  });
}

function differencesOf(found: readonly LockedPackage[], lock: PackageLock): string[] {
  const locked = Map.groupBy(lock.packages, placeOf);
  return found
    .filter((one) => !isOfRepository(one))
    .flatMap((one) => differenceOf(one, locked.get(placeOf(one)) ?? []));
}

function differenceOf(one: LockedPackage, locked: readonly LockedPackage[]): string[] {
  const [first] = locked;
  if (first === undefined) return [`${nameOf(one)} ${one.version} is not in the lock`];
  const same = locked.find((other) => other.version === one.version);
  if (same === undefined) return [`${nameOf(one)} is ${one.version}, the lock has ${first.version}`];
  if (same.source !== one.source && (same.manager === "python" || same.manager === "r")) {
    return [`${nameOf(one)} is from ${one.source ?? "an index"}, the lock has ${same.source ?? "an index"}`];
  }
  if (same.digest !== undefined && one.digest !== undefined && same.digest !== one.digest) {
    return [`${nameOf(one)} ${one.version} has other content (${one.digest}) than in the lock (${same.digest})`];
  }
  return [];
}

function missingOf(found: readonly LockedPackage[], lock: PackageLock): string[] {
  const places = new Set(found.map(placeOf));
  return lock.packages
    .filter((one) => !isOfRepository(one) && !places.has(placeOf(one)))
    .map((one) => `${nameOf(one)} ${one.version} of the lock is missing`);
}

/** The repository's own package is content, not a version that somebody published. */
function isOfRepository({ source }: LockedPackage): boolean {
  return source?.startsWith("file:///srv/repo") === true;
}

function placeOf({ manager, prefix, name }: LockedPackage): string {
  return `${manager} ${prefix ?? ""} ${name}`;
}

function nameOf({ manager, prefix, name }: LockedPackage): string {
  return `${name} (${manager}${prefix === undefined ? "" : `, ${prefix}`})`;
}
