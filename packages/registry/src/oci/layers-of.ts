import { AppError, type Digest } from "@repo2singularity/base";
import type { OciConfig, OciManifest } from "./documents.ts";
import type { OciLayer } from "./model.ts";

/**
 * The layers of a manifest with their diff ids.
 * @throws E_OCI_INVALID when manifest and config do not have as many
 */
export function layersOf(
  manifest: OciManifest,
  config: OciConfig,
  what: string,
  open: (layer: { readonly digest: Digest; readonly size: number }, signal?: AbortSignal) => AsyncIterable<Uint8Array>,
): readonly OciLayer[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new AppError(
      "E_OCI_INVALID",
      `${what}: the manifest has ${manifest.layers.length} layers, the config ${diffIds.length}`,
    );
  }
  return manifest.layers.flatMap((layer, index) => {
    const diffId = diffIds[index];
    if (diffId === undefined) return [];
    const { digest, mediaType, size } = layer;
    return [{ digest, diffId, mediaType, sizeBytes: size, open: (signal) => open({ digest, size }, signal) }];
  });
}
