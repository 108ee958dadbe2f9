import type { BaseFacts, Decision, Recipe, Step, StepGroup } from "@repo2singularity/contracts";
import type { DatePin } from "../date/date-pin.ts";
import type { ConfigDirectory } from "../detect/config-directory.ts";
import type { PythonChoice } from "../python/choose-python.ts";
import type { RepoTree } from "../tree/repo-tree.ts";

/** What the plan of a language beside Python depends on. */
export interface LanguagePartInput {
  readonly tree: RepoTree;
  readonly directory: ConfigDirectory;
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
  /** The day that is asked for; a day of the language's own file goes before that of the own file, and `--date` before both. */
  readonly date?: DatePin;
}

/** Packages of the distribution that a part needs, and why. */
export interface SystemNeed {
  readonly packages: readonly string[];
  /** For the plan's explanation: "the repository builds packages from source". */
  readonly reason: string;
}

/**
 * What one language brings to an image. A plan is made of parts: the Python environment, which every image has because
 * the kernel of the notebooks lives in it, and one part for each further language.
 */
export interface EnvironmentPart {
  /** Packages for building, installed together with those of `apt.txt`. */
  readonly needs: readonly SystemNeed[];
  /** What can be installed before the repository is there, cached apart from its content. */
  readonly groups: readonly StepGroup[];
  /** What can only be installed once the repository is there, its own cleaning up included. */
  readonly contentSteps: readonly Step[];
  /** Variables of the image's programs and of every step. */
  readonly variables: Readonly<Record<string, string>>;
  /** Folders for PATH, behind those of the parts before it. */
  readonly pathPrefix: readonly string[];
  readonly decisions: readonly Decision[];
  /** Entries of its lists of packages that tell which graphics cards they are made for. */
  readonly packageLines?: readonly string[];
}

/** The part with the user's Python. */
export interface PythonPart extends EnvironmentPart {
  readonly python: PythonChoice;
  /** The server's Python where it cannot be the same one. */
  readonly serverPython?: PythonChoice;
}
