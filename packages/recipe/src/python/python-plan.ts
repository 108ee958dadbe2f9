import type { Decision } from "@repo2singularity/contracts";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import type { PythonRequest } from "./choose-python.ts";
import type { RequirementSet } from "./requirements-file.ts";

/** What the Python family makes of a repository, before a Python is chosen. */
export interface PythonPlan {
  readonly request?: PythonRequest;
  /** What is installed before the repository is copied. */
  readonly early: readonly RequirementSet[];
  /** What can only be installed once the repository is there. */
  readonly late: readonly RequirementSet[];
  /** Whether the repository itself is installed as a package. */
  readonly installsRepository: boolean;
  readonly needsCompiler: boolean;
  /** Folder in which relative paths of the requirements start, relative to the repository. */
  readonly workingFolder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly decisions: readonly Decision[];
}

/** Where the plan is made: a repository, its configuration folder, and what the command line asks for. */
export interface PythonPlanInput {
  readonly tree: RepoTree;
  readonly directory: ConfigDirectory;
  /** The value of `--python`. */
  readonly pythonRequest?: string;
}

/** A set after one that has to wait waits too, so that the order of installs stays. */
export function splitByPlace(sets: readonly RequirementSet[]): Pick<PythonPlan, "early" | "late"> {
  const installed = sets.filter((set) => set.lines.length > 0);
  const firstLate = installed.findIndex((set) => set.hasLocalReference);
  return firstLate < 0
    ? { early: installed, late: [] }
    : { early: installed.slice(0, firstLate), late: installed.slice(firstLate) };
}

/** `--python` goes before what the repository says. */
export function requestOf(input: PythonPlanInput, fromFiles: PythonRequest | undefined): Pick<PythonPlan, "request"> {
  if (input.pythonRequest !== undefined) return { request: { version: input.pythonRequest, from: "--python" } };
  return fromFiles === undefined ? {} : { request: fromFiles };
}

/** The decisions on the files of a set of requirements. @param use what the first file is there for */
export function requirementDecisions(set: RequirementSet, use?: string): Decision[] {
  const place = set.hasLocalReference
    ? "after the repository was copied, because they point into it"
    : "before the repository is copied";
  const [first, ...included] = set.files;
  return [
    ...(use === undefined || first === undefined
      ? []
      : [{ subject: first, outcome: "used" as const, reason: `${use} ${place}` }]),
    ...included.map((path): Decision => ({ subject: path, outcome: "used", reason: `${first} includes it` })),
    ...set.ignoredOptions.map((option): Decision => ({
      subject: `${first}: ${option}`,
      outcome: "ignored",
      reason: "it has no meaning for uv",
    })),
  ];
}

/** The decisions on configuration files that are there and do not count. */
export function ignoredBeside(input: PythonPlanInput, names: readonly string[], reason: string): Decision[] {
  return ignoredPaths(
    input.tree,
    names.map((name) => configPath(input.directory, name)),
    reason,
  );
}

/** The decisions on files that are there and do not count. */
export function ignoredPaths(tree: RepoTree, paths: readonly string[], reason: string): Decision[] {
  return paths
    .filter((path) => tree.readText(path) !== undefined)
    .map((subject) => ({ subject, outcome: "ignored", reason }));
}
