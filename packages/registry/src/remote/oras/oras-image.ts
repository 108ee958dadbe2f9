import { AppError, type Digest, sha256Hex } from "@repo2singularity/base";
import { openRepository } from "../../client/open-repository.ts";
import { findLayers } from "../../layered/find-layers.ts";
import { isIndex, OciIndex, OciManifest, parseDocument, type OciDescriptor } from "../../oci/documents.ts";
import { sifLayerTypes } from "../../oci/media-types.ts";
import { selectManifest, type Platform } from "../../oci/platform.ts";
import { formatReference, type RegistryReference } from "../../reference/parse-reference.ts";
import type { RemoteAccess } from "../remote-access.ts";
import type { RemoteImage } from "../remote-image.ts";
import { layerOpener } from "./open-layer.ts";

/**
 * Resolves a SIF in an OCI registry.
 * @param platform chosen from an index
 * @throws E_REGISTRY_NOT_FOUND also when it has nothing for the platform; E_OCI_INVALID when it is no SIF
 */
export async function resolveOrasImage(
  reference: RegistryReference,
  platform: Platform,
  access: RemoteAccess,
): Promise<RemoteImage> {
  const { signal } = access;
  const shown = formatReference(reference).replace(/^docker:/, "oras:");
  const repository = openRepository(reference, access);
  const { client } = repository;
  let { bytes } = await client.manifest(reference.digest ?? reference.tag ?? "latest", signal);
  if (isIndex(bytes, shown)) {
    const index = parseDocument(OciIndex, bytes, shown);
    ({ bytes } = await client.manifest(selectManifest(index, platform, shown).digest, signal));
  }
  const manifestDigest: Digest = `sha256:${sha256Hex(bytes)}`;
  const layer = sifLayer(parseDocument(OciManifest, bytes, `${shown}: manifest`), shown);
  return {
    reference: shown,
    digest: layer.digest,
    sizeBytes: layer.size,
    layers: { find: (at) => findLayers(repository, manifestDigest, at), blobs: client },
    open: layerOpener(client, layer, access),
  };
}

function sifLayer({ layers }: OciManifest, shown: string): OciDescriptor {
  const [layer] = layers;
  if (layers.length === 1 && layer !== undefined && sifLayerTypes.includes(layer.mediaType)) return layer;
  const found = layers.map(({ mediaType }) => mediaType).join(", ");
  throw new AppError("E_OCI_INVALID", `${shown}: is no SIF: expected one layer ${sifLayerTypes[0]}, found ${found}`, {
    hint: `for an image of docker: repo2singularity pull ${shown.replace(/^oras:/, "docker:")}`,
  });
}
