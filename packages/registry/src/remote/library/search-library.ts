import * as z from "zod";
import { createLibraryApi } from "./library-api.ts";
import { resolveLibraryServer, type LibraryAccess } from "./library-server.ts";

const Found = z.object({
  entityName: z.string().default(""),
  collectionName: z.string().default(""),
  containerName: z.string().default(""),
  tags: z.array(z.string()).nullish(),
  hash: z.string().default(""),
  description: z.string().default(""),
  fingerprints: z.array(z.string()).nullish(),
});

/** An image that was found. */
export interface FoundImage {
  /** `ENTITY/COLLECTION/CONTAINER`. */
  readonly path: string;
  readonly tags: readonly string[];
  /** As the library writes it: `sha256.…`. */
  readonly hash: string;
  readonly description: string;
  /** Of the PGP keys that signed it, as far as the library looked. */
  readonly fingerprints: readonly string[];
}

/**
 * Searches a library by name.
 * @param host undefined for that of the login in use
 * @param wanted words, three characters at least, and the architecture in Go's names
 */
export async function searchLibrary(
  host: string | undefined,
  wanted: { readonly text: string; readonly architecture: string; readonly isSigned?: boolean },
  access: LibraryAccess,
): Promise<readonly FoundImage[]> {
  const api = createLibraryApi(await resolveLibraryServer(host, access), access);
  const { text, architecture, isSigned = false } = wanted;
  const query = new URLSearchParams({ value: text, arch: architecture, ...(isSigned && { signed: "true" }) });
  const data = await api.get(`/v1/search?${query.toString()}`, z.object({ image: z.array(Found).nullish() }));
  return (data?.image ?? []).map((one) => ({
    path: [one.entityName, one.collectionName, one.containerName].join("/"),
    tags: one.tags ?? [],
    hash: one.hash,
    description: one.description,
    fingerprints: one.fingerprints ?? [],
  }));
}
