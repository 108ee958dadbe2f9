import { isAppError } from "@repo2singularity/base";
import type { RegistryClient } from "../../client/registry-client.ts";
import type { OciDescriptor } from "../../oci/documents.ts";
import { rangeQuestion, readHttpBytes } from "../http-bytes.ts";
import type { RemoteAccess } from "../remote-access.ts";
import type { RemoteBytes, RemoteRange } from "../remote-image.ts";

/** Opens a range of a layer. */
export type OpenLayer = (range: RemoteRange, signal?: AbortSignal) => Promise<RemoteBytes>;

/**
 * How the bytes of a layer are fetched: from the registry or, when it has no such blob, from the `urls` of the
 * descriptor, as registries that are only files have it. No login is sent there; whoever fetches compares the digest.
 * Source: OCI image specification 1.1, "Properties" of descriptors; the order is that of apptainer
 */
export function layerOpener(
  client: Pick<RegistryClient, "openBlob">,
  layer: OciDescriptor,
  { transport }: Pick<RemoteAccess, "transport">,
): OpenLayer {
  const url = layer.urls?.find((one) => /^https?:\/\//.test(one));
  let isElsewhere = false; // asked once: not again for each range
  return async (range, signal) => {
    if (!isElsewhere || url === undefined) {
      try {
        return await client.openBlob(layer.digest, range, signal);
      } catch (error) {
        if (url === undefined || !isAppError(error, "E_REGISTRY_NOT_FOUND")) throw error;
        isElsewhere = true;
      }
    }
    return readHttpBytes(await transport.ask(url, { ...rangeQuestion(range), signal }), range);
  };
}
