import type { LockedPackage } from "@repo2singularity/contracts";
import type { TreeEntry } from "@repo2singularity/image";
import { parseCondaMetaName, parseDistInfoName } from "../lock/metadata-names.ts";

const sitePackages = /^(?<prefix>.+)\/lib\/python3[^/]*\/(?:site|dist)-packages\/(?<folder>[^/]+)$/;
const condaMeta = /^(?<prefix>.+)\/conda-meta\/(?<file>[^/]+)$/;

/**
 * The Python distribution or conda package that an entry of a whole tree stands for, wherever it is installed. What lies
 * below `/usr/lib` is the distribution's own and stands in its database.
 * @returns `undefined` for every other entry
 */
export function packageOfEntry({ path, type }: Pick<TreeEntry, "path" | "type">): LockedPackage | undefined {
  if (type === "directory") {
    const { prefix = "usr", folder = "" } = sitePackages.exec(path)?.groups ?? {};
    return prefix === "usr" ? undefined : inPrefix(prefix, parseDistInfoName(folder));
  }
  const { prefix = "", file = "" } = condaMeta.exec(path)?.groups ?? {};
  return inPrefix(prefix, parseCondaMetaName(file));
}

function inPrefix(prefix: string, found: LockedPackage | undefined): LockedPackage | undefined {
  return found === undefined ? undefined : { ...found, prefix: `/${prefix}` };
}
