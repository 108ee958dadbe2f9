import type { LockedPackage } from "@repo2singularity/contracts";

/** What the name of a package's metadata says of it. */
export type NamedPackage = Pick<LockedPackage, "manager" | "name" | "version">;

/** `NAME-VERSION.dist-info`; the name as package indexes normalise it. Source: PEP 503, PEP 376 */
export function parseDistInfoName(folder: string): NamedPackage | undefined {
  const { name, version } = /^(?<name>.+)-(?<version>[^-]+)\.dist-info$/.exec(folder)?.groups ?? {};
  if (name === undefined || version === undefined) return undefined;
  return { manager: "python", name: name.replaceAll(/[-_.]+/g, "-").toLowerCase(), version };
}

/** `NAME-VERSION-BUILD.json`; neither of the last two has a hyphen. Source: conda, `conda-meta` */
export function parseCondaMetaName(file: string): NamedPackage | undefined {
  const { name, version, build } = /^(?<name>.+)-(?<version>[^-]+)-(?<build>[^-]+)\.json$/.exec(file)?.groups ?? {};
  if (name === undefined || version === undefined || build === undefined) return undefined;
  return { manager: "conda", name, version: `${version}=${build}` };
}
