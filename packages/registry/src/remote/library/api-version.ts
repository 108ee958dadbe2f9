import * as z from "zod";
import { isAppError } from "@repo2singularity/base";
import type { LibraryApi } from "./library-api.ts";

const Version = z.object({ apiVersion: z.string().optional() });

/** The version of the API that a library speaks; undefined for old ones, which do not tell. */
export async function readApiVersion(api: LibraryApi): Promise<string | undefined> {
  try {
    return (await api.get("/version", Version))?.apiVersion;
  } catch (error) {
    if (isAppError(error, "E_REGISTRY_PROTOCOL") || isAppError(error, "E_OCI_INVALID")) return undefined;
    throw error;
  }
}

/**
 * Whether a version is the wanted one or a later one.
 * @param found as in semantic versioning, such as `2.0.0-alpha.2`; anything else counts as old
 */
export function hasApiVersion(
  found: string | undefined,
  wanted: `${number}.${number}.${number}-alpha.${number}`,
): boolean {
  const have = orderOf(found ?? "");
  const need = orderOf(wanted) ?? [];
  if (have === undefined) return false;
  const difference = need.findIndex((part, index) => part !== have[index]);
  return difference < 0 || (have[difference] ?? 0) > (need[difference] ?? 0);
}

/** Numbers to compare one after the other: a release comes after its previews. */
function orderOf(version: string): readonly number[] | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-([a-z]+)(?:\.(\d+))?)?(?:\+.*)?$/.exec(version);
  if (match === null) return undefined;
  const [, major, minor, patch, stage, count = "0"] = match;
  const stages = ["alpha", "beta", "rc", undefined];
  return [Number(major), Number(minor), Number(patch), stages.indexOf(stage), Number(count)];
}
