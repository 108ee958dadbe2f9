import type { Digest } from "@repo2singularity/base";
import type { LayersArtifact } from "../layered/layers-artifact.ts";

/** Bytes that are asked for. */
export interface RemoteRange {
  readonly startBytes: number;
  /** The first byte that is not wanted; to the end when left out. */
  readonly endBytes?: number;
}

/** Bytes that a remote gave. Must be read to its end or closed. */
export interface RemoteBytes {
  /** Where they begin: 0, or what was asked for where the remote knows ranges. */
  readonly startBytes: number;
  /** Of the whole file; undefined where the remote does not say. */
  readonly totalBytes: number | undefined;
  /** Whether only what was asked for comes. */
  readonly isRange: boolean;
  /**
   * Each chunk is valid until the next one is asked for.
   * @throws coded errors, `retryable` when the connection broke
   */
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

/** The layers of an image, in the repository that has the image. */
export interface RemoteLayers {
  /** @returns `undefined` when nobody pushed them */
  find(signal?: AbortSignal): Promise<LayersArtifact | undefined>;
  readonly blobs: RemoteBlobs;
}

/** What is known by its digest. */
export interface RemoteBlobs {
  /** Streams a blob with its size and digest checked. */
  blob(digest: Digest, sizeBytes: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A file somewhere else that can be fetched: what every way of pulling resolves its reference to. */
export interface RemoteImage {
  /** As a user would write it; no secrets. */
  readonly reference: string;
  /** Of the whole file, as the remote promises it; undefined where the protocol has no such promise. */
  readonly digest: Digest | undefined;
  /** Undefined where only the answer itself will tell. */
  readonly sizeBytes: number | undefined;
  /** Where the remote may have the image's layers too, for clients that have some of them. */
  readonly layers?: RemoteLayers;
  /** Changes with the content where there is no digest, such as an ETag. */
  readonly version?: string;
  /**
   * Asks once for a range; does not try again by itself.
   * @throws coded errors, `retryable` for what is worth a further try
   */
  open(range: RemoteRange, signal?: AbortSignal): Promise<RemoteBytes>;
}
