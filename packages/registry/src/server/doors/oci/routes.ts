/** A request of the OCI distribution API by what it is about. */
export type OciRoute =
  | { readonly kind: "base" | "catalog" | "token" }
  | { readonly kind: "tags" | "uploads"; readonly name: string }
  | { readonly kind: "manifest" | "blob" | "referrers" | "upload"; readonly name: string; readonly reference: string };

const single: Readonly<Record<string, OciRoute>> = {
  "": { kind: "base" },
  _catalog: { kind: "catalog" },
  token: { kind: "token" },
};
const kinds = { manifests: "manifest", blobs: "blob", referrers: "referrers", "blobs/uploads": "upload" } as const;

/**
 * Reads the path after `/v2/`. Names of repositories may themselves hold words such as `blobs`: the last ones count.
 * @returns undefined for a path that the API does not have
 */
export function parseOciPath(path: string): OciRoute | undefined {
  const known = single[path];
  if (known !== undefined) return known;
  const [, tagged] = /^(.+)\/tags\/list$/.exec(path) ?? [];
  if (tagged !== undefined) return { kind: "tags", name: tagged };
  const [, sending] = /^(.+)\/blobs\/uploads\/?$/.exec(path) ?? [];
  if (sending !== undefined) return { kind: "uploads", name: sending };
  const [, name, word, reference] = /^(.+?)\/(blobs\/uploads|blobs|manifests|referrers)\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined || word === undefined || reference === undefined) return undefined;
  return { kind: kinds[word as keyof typeof kinds], name, reference }; // the pattern's own words
}
