import type { Digest } from "@repo2singularity/base";
import type { OciConfig } from "./documents.ts";

/**
 * One layer of an image: a tar of changes, possibly compressed.
 * The model follows go-containerregistry's `v1.Image`: a source gives the minimum, the rest is derived.
 */
export interface OciLayer {
  /** Of the bytes as stored; `undefined` where the source keeps none (a docker archive in the old form). */
  readonly digest: Digest | undefined;
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  readonly mediaType: string;
  /** Of the bytes as stored. */
  readonly sizeBytes: number;
  /**
   * Streams the bytes as stored, and checks size and digest on the way.
   * @throws E_OCI_DIGEST_MISMATCH at the end when they are not what was announced
   */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** An image of one platform. */
export interface OciImage {
  /** As a user would write it; no secrets. */
  readonly reference: string;
  /** Of the manifest; of the config where the source has no manifest. Changes whenever any content does. */
  readonly digest: Digest;
  readonly config: OciConfig;
  /** Bottom first. */
  readonly layers: readonly OciLayer[];
}
