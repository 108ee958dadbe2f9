import { randomBytes } from "node:crypto";
import { type Logger, nullLogger } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";
import type { RegistryState } from "../state/open-state.ts";
import type { ImageBuilder } from "./build/image-builder.ts";
import { RunningBuilds } from "./build/running-builds.ts";
import { ExtentsCache } from "./composed/extents-cache.ts";
import type { RegistryContext } from "./context.ts";
import { RunningUploads } from "./running-uploads.ts";

/** What a registry is made of. */
export interface RegistryOptions {
  readonly state: RegistryState;
  readonly objects: ObjectStore;
  /** Milliseconds since 1970; the machine's clock when left out. */
  readonly now?: () => number;
  readonly log?: Logger;
  /** Whether manifests may name layers that nobody pushed; they are refused when left out. */
  readonly allowsSparse?: boolean;
  /** Who builds what is asked for and not there; nobody when left out. */
  readonly builder?: ImageBuilder;
  /** Milliseconds for which a build goes on that nobody waits for; a minute when left out. */
  readonly buildGraceMs?: number;
}

/** Puts a registry together; closing its parts is the caller's. */
export function createRegistry(options: RegistryOptions): RegistryContext {
  const { state, objects, now = Date.now, log = nullLogger, allowsSparse = false, builder, buildGraceMs } = options;
  return {
    state,
    objects,
    now,
    log,
    makeId: () => randomBytes(24).toString("base64url"),
    uploads: new RunningUploads(),
    builds: new RunningBuilds(buildGraceMs),
    extents: new ExtentsCache(),
    allowsSparse,
    ...(builder !== undefined && { builder }),
  };
}
