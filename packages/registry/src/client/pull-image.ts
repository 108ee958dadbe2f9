import { AppError, sha256Hex } from "@repo2singularity/base";
import type { RetryPolicy, Transport } from "@repo2singularity/base/http";
import { anonymous, type CredentialSource } from "../auth/credentials.ts";
import { isIndex, OciConfig, OciIndex, OciManifest, parseDocument } from "../oci/documents.ts";
import { layersOf } from "../oci/layers-of.ts";
import type { OciImage } from "../oci/model.ts";
import { selectManifest, type Platform } from "../oci/platform.ts";
import { readVerified } from "../oci/verify-stream.ts";
import { formatReference, type RegistryReference } from "../reference/parse-reference.ts";
import { createRegistryClient, type RegistryClient } from "./registry-client.ts";
import { registryAddresses } from "./registry-addresses.ts";

/** How an image is found in a registry. */
export interface PullOptions {
  readonly transport: Transport;
  readonly platform: Platform;
  /** Nobody when left out. */
  readonly credentials?: CredentialSource;
  /** Registry (host, path or URL) that is asked first for what lies at `docker.io`. */
  readonly dockerHubMirror?: string;
  readonly retryPolicy?: RetryPolicy;
  readonly signal?: AbortSignal;
}

const configLimitBytes = 8 * 2 ** 20;

/**
 * Resolves a reference to the image of a platform: manifest and config are fetched, layers are fetched when opened.
 * @returns an image that is good as long as the transport
 * @throws E_REGISTRY_NETWORK, E_REGISTRY_AUTH, E_REGISTRY_NOT_FOUND, E_REGISTRY_PROTOCOL, E_OCI_DIGEST_MISMATCH,
 * E_OCI_INVALID
 */
export async function pullImage(reference: RegistryReference, options: PullOptions): Promise<OciImage> {
  const addresses = registryAddresses(reference, options.dockerHubMirror);
  let failure: unknown;
  for (const address of addresses) {
    const { transport, credentials = anonymous, retryPolicy } = options;
    const client = createRegistryClient({ transport, credentials, ...address, ...(retryPolicy && { retryPolicy }) });
    try {
      return await resolveImage(client, reference, options);
    } catch (error) {
      // a mirror that lacks the image or is down leaves it to the registry itself; its own error then counts
      if (!isPassable(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function isPassable(error: unknown): boolean {
  const codes = new Set(["E_REGISTRY_NETWORK", "E_REGISTRY_NOT_FOUND", "E_REGISTRY_AUTH"]);
  return error instanceof AppError && codes.has(error.code);
}

async function resolveImage(
  client: RegistryClient,
  reference: RegistryReference,
  options: PullOptions,
): Promise<OciImage> {
  const { signal } = options;
  const shown = formatReference(reference);
  let fetched = await client.manifest(reference.digest ?? reference.tag ?? "latest", signal);
  if (isIndex(fetched.bytes, shown)) {
    const index = parseDocument(OciIndex, fetched.bytes, shown);
    fetched = await client.manifest(selectManifest(index, options.platform, shown).digest, signal);
  }
  if (/"schemaVersion"\s*:\s*1\b/.test(Buffer.from(fetched.bytes).toString("latin1"))) {
    throw new AppError("E_OCI_INVALID", `${shown}: is an image of Docker's schema 1, which no registry should hold`, {
      hint: "ask its owner to push it again with a program of this decade",
    });
  }
  const manifest = parseDocument(OciManifest, fetched.bytes, `${shown}: manifest`);
  const { digest, size: sizeBytes } = manifest.config;
  const expected = { what: `${shown}: config`, digest, sizeBytes, limitBytes: configLimitBytes };
  const config = parseDocument(OciConfig, await readVerified(client.blob(digest, sizeBytes, signal), expected), shown);
  return {
    reference: shown,
    digest: `sha256:${sha256Hex(fetched.bytes)}`,
    config,
    layers: layersOf(manifest, config, shown, (layer, at) => client.blob(layer.digest, layer.size, at)),
  };
}
