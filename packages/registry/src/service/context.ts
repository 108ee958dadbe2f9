import type { Logger } from "@repo2singularity/base";
import type { ByteRange, ObjectStore } from "@repo2singularity/store/objects";
import type { RegistryState } from "../state/open-state.ts";
import type { BlobDigest } from "./names.ts";
import type { RunningUploads } from "./running-uploads.ts";

/** What every operation of the registry works with. */
export interface RegistryContext {
  readonly state: RegistryState;
  readonly objects: ObjectStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A name that cannot be guessed: letters, digits, `-` and `_`. */
  readonly makeId: () => string;
  readonly log: Logger;
  readonly uploads: RunningUploads;
  /** Blobs that are not stored as such but made while they are read. */
  readonly composed?: ComposedBlobs;
  /** Whether manifests may name layers that nobody pushed. */
  readonly allowsSparse: boolean;
}

/** Blobs that are put together from others when they are read, such as images from their layers. */
export interface ComposedBlobs {
  /** The bytes of a blob or of a range of it; undefined when it is none of these. */
  open(digest: BlobDigest, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
}
