import type { Decision } from "@repo2singularity/contracts";
import type { MarkerEnvironment } from "../marker/simplify-marker.ts";
import type { PinnedPackage } from "./pinned-package.ts";

/** What is known of the image when packages are chosen from a lock. */
export type LockTarget = Pick<MarkerEnvironment, "python" | "machine">;

/** A lock of Python packages, whichever tool wrote it. */
export interface PythonLock {
  /** A PEP 440 specifier of the Pythons that the lock was made for. */
  readonly requiresPython?: string;
  /** The packages for an environment, with the groups that the tool itself installs when nobody asks for others. */
  readonly choose: (target: LockTarget) => readonly PinnedPackage[];
  /** What is installed, for people: "the project and its group dev". */
  readonly contents: string;
  readonly decisions: readonly Decision[];
  /**
   * Whether the repository is installed as a package besides what the lock lists; missing where the lock does not
   * know, and the repository's own files say it.
   */
  readonly installsRepository?: boolean;
}
