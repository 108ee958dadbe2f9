import type { LockedPackage } from "@repo2singularity/contracts";
import type { TreeEntry } from "@repo2singularity/image";

const distribution =
  /^(?<prefix>.+)\/lib\/python3[^/]*\/(?:site|dist)-packages\/(?<name>[^/]+)-(?<version>[^/-]+)\.dist-info$/;

/** Neither version nor build has a hyphen. Source: conda, `conda-meta` */
const conda = /^(?<prefix>.+)\/conda-meta\/(?<name>[^/]+)-(?<version>[^/-]+)-(?<build>[^/-]+)\.json$/;

/**
 * The Python distribution or conda package that an entry of a whole tree stands for, wherever it is installed. What lies
 * below `/usr/lib` is the distribution's own and stands in its database.
 * @returns `undefined` for every other entry
 */
export function packageOfEntry({ path, type }: Pick<TreeEntry, "path" | "type">): LockedPackage | undefined {
  if (type === "directory") {
    const { prefix = "usr", name = "", version = "" } = distribution.exec(path)?.groups ?? {};
    if (prefix === "usr") return undefined;
    return { manager: "python", name: name.replaceAll(/[-_.]+/g, "-").toLowerCase(), version, prefix: `/${prefix}` };
  }
  const found = conda.exec(path)?.groups;
  if (found === undefined) return undefined;
  const { prefix, name = "", version, build } = found;
  return { manager: "conda", name, version: `${version}=${build}`, prefix: `/${prefix}` };
}
