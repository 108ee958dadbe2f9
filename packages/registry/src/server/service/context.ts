import type { Logger } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";
import type { RegistryState } from "../state/open-state.ts";
import type { ImageBuilder } from "./build/image-builder.ts";
import type { RunningBuilds } from "./build/running-builds.ts";
import type { ExtentsCache } from "./composed/extents-cache.ts";
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
  /** Who builds what is not there; nobody when left out. */
  readonly builder?: ImageBuilder;
  readonly builds: RunningBuilds;
  /** Of images that are made from their layers while they are read. */
  readonly extents: ExtentsCache;
  /** Whether manifests may name layers that nobody pushed. */
  readonly allowsSparse: boolean;
}
