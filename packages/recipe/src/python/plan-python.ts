import type { Decision } from "@repo2singularity/contracts";
import { configPath, type ConfigDirectory } from "../detect/config-directory.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { familyNotYet, readConfigFile } from "../detect/family.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { packageNeedsCompiler } from "./builds-from-source.ts";
import type { PythonRequest } from "./choose-python.ts";
import { condaPythonRequest, parseEnvironmentYml } from "./environment-yml.ts";
import { parsePyproject, type Pyproject } from "./pyproject.ts";
import { specifierAllows } from "./requirement.ts";
import { readRequirements, type RequirementSet } from "./requirements-file.ts";
import { parseRuntimeTxt } from "./runtime-txt.ts";

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

/**
 * Plans a repository with `environment.yml` that needs no conda: its `pip:` list is installed as a requirements
 * file would be, from the folder in which it lies.
 * @throws E_RECIPE_FAMILY_NOT_YET when it asks for a conda package
 */
export function planEnvironmentYml(input: PythonPlanInput, path: string): PythonPlan {
  const file: ConfigFile = readConfigFile(input.tree, path) ?? { path, text: "" };
  const environment = parseEnvironmentYml(file);
  if (environment.condaPackages.length > 0) {
    throw familyNotYet("conda", path, `it asks for ${shortList(environment.condaPackages)}`);
  }
  const conda = environment.pythonSpec === undefined ? undefined : condaPythonRequest(file, environment.pythonSpec);
  const requirements = readRequirements(input.tree, { path, text: environment.pipLines.join("\n") });
  const decisions: Decision[] = [
    {
      subject: path,
      outcome: "used",
      reason: "it asks for nothing but python and pip packages, so uv installs them without conda",
    },
    ...ignoredBeside(
      input,
      ["requirements.txt", "runtime.txt", "Pipfile", "Pipfile.lock"],
      `${path} describes the environment`,
    ),
    ...(input.directory === ""
      ? ignoredPaths(input.tree, ["setup.py", "pyproject.toml"], `${path} describes the environment`)
      : []),
  ];
  return {
    ...requestOf(input, conda === undefined ? undefined : { ...conda, from: path }),
    ...splitByPlace([requirements]),
    installsRepository: false,
    needsCompiler: requirements.buildsFromSource,
    workingFolder: input.directory,
    variables: environment.variables,
    decisions: [...decisions, ...requirementDecisions(requirements)],
  };
}

/** Plans `requirements.txt`, `setup.py`, `pyproject.toml` and `runtime.txt`, or the default environment. */
export function planPythonFiles(input: PythonPlanInput): PythonPlan {
  const { tree, directory } = input;
  const requirementsFile = readConfigFile(tree, configPath(directory, "requirements.txt"));
  const requirements = requirementsFile === undefined ? undefined : readRequirements(tree, requirementsFile);
  const pyprojectFile = directory === "" ? readConfigFile(tree, "pyproject.toml") : undefined;
  const pyproject = pyprojectFile === undefined ? undefined : parsePyproject(pyprojectFile);
  const setupPy = directory === "" ? tree.readText("setup.py") : undefined;
  const installsRepository = setupPy !== undefined || pyproject?.isPackage === true;
  // The package's own dependencies change seldom: installed early, a commit to its code costs one small wheel.
  const dependencies = installsRepository ? packageDependencies(tree, pyproject, setupPy) : undefined;
  const sets = [requirements, dependencies].filter((set) => set !== undefined);
  return {
    ...requestOf(input, pythonFileRequest(input, pyproject)),
    ...splitByPlace(sets),
    installsRepository,
    needsCompiler:
      sets.some((set) => set.buildsFromSource) ||
      (installsRepository && packageNeedsCompiler(pyproject?.buildRequires ?? [], setupPy)),
    workingFolder: "",
    variables: {},
    decisions: pythonFileDecisions(input, { requirements, pyproject, setupPy }),
  };
}

/** A set after one that has to wait waits too, so that the order of installs stays. */
function splitByPlace(sets: readonly RequirementSet[]): Pick<PythonPlan, "early" | "late"> {
  const installed = sets.filter((set) => set.lines.length > 0);
  const firstLate = installed.findIndex((set) => set.hasLocalReference);
  return firstLate < 0
    ? { early: installed, late: [] }
    : { early: installed.slice(0, firstLate), late: installed.slice(firstLate) };
}

/** `setup.py` beside a `pyproject.toml` without `[project]` makes its dependencies up as it runs. */
function packageDependencies(
  tree: RepoTree,
  pyproject: Pyproject | undefined,
  setupPy: string | undefined,
): RequirementSet | undefined {
  if (pyproject?.dependencies === undefined || (!pyproject.isPackage && setupPy !== undefined)) return undefined;
  return readRequirements(tree, { path: "pyproject.toml", text: pyproject.dependencies.join("\n") });
}

/** `--python` goes before what the repository says. */
function requestOf(input: PythonPlanInput, fromFiles: PythonRequest | undefined): Pick<PythonPlan, "request"> {
  if (input.pythonRequest !== undefined) return { request: { version: input.pythonRequest, from: "--python" } };
  return fromFiles === undefined ? {} : { request: fromFiles };
}

/** `runtime.txt` names a version, `requires-python` limits it. */
function pythonFileRequest(input: PythonPlanInput, pyproject: Pyproject | undefined): PythonRequest | undefined {
  const file = readConfigFile(input.tree, configPath(input.directory, "runtime.txt"));
  const runtime = file === undefined ? undefined : parseRuntimeTxt(file);
  const specifier = pyproject?.requiresPython;
  const limit = specifier === undefined ? {} : { specifier };
  if (file === undefined || runtime?.name !== "python" || runtime.version === undefined) {
    return specifier === undefined ? undefined : { specifier, from: "requires-python in pyproject.toml" };
  }
  if (!/^\d+(\.\d+){0,2}$/.test(runtime.version)) {
    throw invalidFile(file.path, `"${runtime.version}" is no version of Python`, {
      line: 1,
      hint: "write for example python-3.12",
    });
  }
  if (specifier !== undefined && !couldSatisfy(runtime.version, specifier)) {
    throw invalidFile(
      file.path,
      `Python ${runtime.version} does not satisfy requires-python = "${specifier}" of pyproject.toml`,
      {
        line: 1,
        hint: "change the version in runtime.txt or the range in pyproject.toml",
      },
    );
  }
  return { version: runtime.version, ...limit, from: file.path };
}

/** Whether a release of the line `3`, `3.11` or `3.11.4` lies in the range. */
function couldSatisfy(version: string, specifier: string): boolean {
  const parts = version.split(".");
  if (parts.length > 2) return specifierAllows(specifier, version);
  const minors = parts.length === 2 ? [version] : Array.from({ length: 30 }, (_, minor) => `${version}.${minor}`);
  return minors.some((minor) =>
    Array.from({ length: 50 }, (_, patch) => `${minor}.${patch}`).some((full) => specifierAllows(specifier, full)),
  );
}

interface PythonFiles {
  readonly requirements: RequirementSet | undefined;
  readonly pyproject: Pyproject | undefined;
  readonly setupPy: string | undefined;
}

function pythonFileDecisions(input: PythonPlanInput, files: PythonFiles): Decision[] {
  const { requirements, pyproject, setupPy } = files;
  const decisions: Decision[] = [];
  if (requirements !== undefined) decisions.push(...requirementDecisions(requirements, "its packages are installed"));
  if (setupPy !== undefined)
    decisions.push({ subject: "setup.py", outcome: "used", reason: "the repository is installed as a package" });
  if (pyproject?.isPackage === true) {
    decisions.push({
      subject: "pyproject.toml",
      outcome: "used",
      reason: "it has [project] and [build-system]: the repository is installed as a package",
    });
  } else if (pyproject !== undefined) {
    const isLimit = pyproject.requiresPython !== undefined;
    decisions.push({
      subject: "pyproject.toml",
      outcome: isLimit ? "used" : "ignored",
      reason: `${isLimit ? "only for its requires-python: " : ""}it lacks [project] or [build-system], so the repository is no package`,
    });
  }
  return decisions;
}

function requirementDecisions(set: RequirementSet, use?: string): Decision[] {
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

function ignoredBeside(input: PythonPlanInput, names: readonly string[], reason: string): Decision[] {
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

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
