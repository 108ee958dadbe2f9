import * as z from "zod";
import type { Digest } from "@repo2singularity/base";
import { rangeQuestion, readHttpBytes } from "../http-bytes.ts";
import type { RemoteImage } from "../remote-image.ts";
import { apiPath, createLibraryApi, noSuchImage } from "./library-api.ts";
import { formatLibraryReference, type LibraryReference } from "./library-reference.ts";
import { resolveLibraryServer, type LibraryAccess } from "./library-server.ts";

const ImageData = z.object({
  hash: z
    .string()
    .regex(/^sha256\.[0-9a-f]{64}$/)
    .transform((text): Digest => `sha256:${text.slice("sha256.".length)}`),
  size: z.number().int().positive().optional().catch(undefined),
});

/**
 * Resolves an image of a library.
 * @param architecture in Go's names, such as `amd64`
 * @throws E_REGISTRY_NOT_FOUND, E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL, E_OCI_INVALID
 */
export async function resolveLibraryImage(
  reference: LibraryReference,
  architecture: string,
  access: LibraryAccess,
): Promise<RemoteImage> {
  const api = createLibraryApi(await resolveLibraryServer(reference.host, access), access);
  const shown = formatLibraryReference({ ...reference, tags: [reference.tags[0]] });
  const name = `${reference.path}:${reference.tags[0]}`;
  const query = { arch: architecture };
  const data = await api.get(apiPath("/v1/images", name, query), ImageData);
  if (data === undefined) throw noSuchImage(shown, architecture, api);
  return {
    reference: shown,
    digest: data.hash,
    sizeBytes: data.size,
    open: async (range, signal) => {
      const path = apiPath("/v1/imagefile", name, query);
      return readHttpBytes(await api.ask(path, { ...rangeQuestion(range), signal }), range);
    },
  };
}
