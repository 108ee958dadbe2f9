import { decompressStream, readTar, type TreeEntry } from "@repo2singularity/image";
import type { OciLayer } from "../oci/model.ts";

/** How the entries of a layer are taken. */
export interface LayerEntryOptions {
  /** `root` gives every entry to 0:0, which a single-uid user namespace needs; `keep` leaves the owners. */
  readonly ownership: "root" | "keep";
  readonly signal?: AbortSignal;
}

/**
 * The entries of a layer, decompressed on the way, whiteouts in OCI's form (`.wh.NAME`).
 * Devices in `/dev` are left out: runtimes mount the host's there, and no user could unpack them.
 * Memory: the chunk in hand.
 * @throws E_TAR_INVALID, E_TAR_TRUNCATED, E_OCI_DIGEST_MISMATCH
 */
export async function* layerEntries(
  layer: OciLayer,
  options: LayerEntryOptions,
): AsyncGenerator<TreeEntry, void, undefined> {
  const { ownership, signal } = options;
  const tar = decompressStream(layer.open(signal));
  for await (const entry of readTar(tar, signal === undefined ? {} : { signal })) {
    const isDevice = entry.type === "char" || entry.type === "block";
    if (isDevice && entry.path.startsWith("dev/")) continue;
    yield ownership === "root" ? { ...entry, uid: 0, gid: 0 } : entry;
  }
}

/** Whether an entry only says that something of a lower layer is gone. */
export function isWhiteout(entry: TreeEntry): boolean {
  return entry.path.slice(entry.path.lastIndexOf("/") + 1).startsWith(".wh.");
}
