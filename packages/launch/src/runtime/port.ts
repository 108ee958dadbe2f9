import type { Bind } from "../bind.ts";
import type { SessionGpu } from "../session-wishes.ts";

/** What a runtime is asked to start. */
export interface SessionPlan {
  /** Absolute path of a `.sif` or `.sqfs` file. */
  readonly imagePath: string;
  /** What the image's runscript runs. */
  readonly command: readonly string[];
  readonly binds: readonly Bind[];
  /** Variables of the session's programs, over the image's; secrets go here and never into `command`. */
  readonly env: Readonly<Record<string, string>>;
  /** Cards of the host that its programs can use, with the driver's libraries. */
  readonly gpu?: SessionGpu;
}

/** A program of the host that starts a session when it is run. */
export interface SessionCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A way to run images on this host. */
export interface ImageRuntime {
  /** Shown to the user: `apptainer`, `singularity`, `user namespace`. */
  readonly name: string;
  /** Whether programs of the session run as uid 0 of a namespace, which Jupyter wants to be told of. */
  readonly runsAsRoot: boolean;
  /** Whether it can hand in the libraries of graphics drivers. */
  readonly handsInDrivers: boolean;
  /**
   * Prepares what the session needs and says how it is started.
   * @throws E_USAGE when a path cannot be bound where it is asked for
   */
  prepare(plan: SessionPlan, signal?: AbortSignal): Promise<SessionCommand>;
}
