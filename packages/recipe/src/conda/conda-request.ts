/** A package of a list of addresses. */
export interface CondaPackage {
  readonly url: string;
  /** 64 hexadecimal digits. */
  readonly sha256?: string;
  /** 32 hexadecimal digits. */
  readonly md5?: string;
}

/** What is installed from conda channels: what a solver chooses, or just these packages. */
export type CondaRequest =
  | {
      /** Addresses, the first one first. */
      readonly channels: readonly string[];
      /** Match specifications of any form that conda knows. */
      readonly specs: readonly string[];
      /** The CUDA version that packages may ask for, such as `12.4`; none when left out. */
      readonly cuda?: string;
    }
  | { readonly packages: readonly CondaPackage[] };

/** The name of the package that a match specification is about, in lower case; empty when it has none. */
export function specName(spec: string): string {
  return (/^\s*(?:\S+::)?(?<name>[A-Za-z0-9_.-]+)/.exec(spec)?.groups?.["name"] ?? "").toLowerCase();
}

/** Name and version of the package behind an address such as `…/linux-64/python-3.11.5-hab00c5b_0.conda`. */
export function packageOfUrl(url: string): { readonly name: string; readonly version: string } | undefined {
  const groups = /\/(?<name>[^/]+)-(?<version>[^/-]+)-[^/-]+\.(?:conda|tar\.bz2)$/.exec(url)?.groups;
  const { name, version } = groups ?? {};
  return name === undefined || version === undefined ? undefined : { name, version };
}
