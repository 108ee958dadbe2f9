import type { Identity } from "../../policy/identity.ts";

/** An image that somebody asks for. */
export interface BuildRequest {
  /** As the client wrote it, in any case. */
  readonly name: string;
  /** As the registry names it. */
  readonly repository: string;
  /** A branch, tag or commit. */
  readonly tag: string;
  /** undefined where clients cannot say. */
  readonly architecture: string | undefined;
  /** Whether the registry has something under that tag, which may be out of date. */
  readonly isThere: boolean;
  readonly identity: Identity;
}

/** A build that would give the image. */
export interface PlannedBuild {
  /** Equal keys are one build: commit, architecture, and what else makes the bytes. */
  readonly key: string;
  /** Builds the image and pushes it under the tag that was asked for; a rejection's message is told to clients. */
  run(signal: AbortSignal): Promise<void>;
}

/** Where "not found" can become "being built": the hub brings one. */
export interface ImageBuilder {
  /**
   * What must be built before the request can be answered. Fast: it may find out which commit a branch is at, and
   * nothing more.
   * @returns undefined when there is nothing to build: the name is not its own, or what is there is up to date
   * @throws refusals, such as for who may not start builds
   */
  plan(request: BuildRequest): Promise<PlannedBuild | undefined>;
}
