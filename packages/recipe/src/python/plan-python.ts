import type { Decision } from "@repo2singularity/contracts";
import { configPath } from "../detect/config-directory.ts";
import { readConfigFile } from "../detect/family.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { packageNeedsCompiler } from "./builds-from-source.ts";
import { lockNames } from "./locks/find-lock.ts";
import { parsePyproject, type Pyproject } from "./pyproject.ts";
import {
  ignoredBeside,
  type PythonPlan,
  type PythonPlanInput,
  requestOf,
  requirementDecisions,
  splitByPlace,
} from "./python-plan.ts";
import { pythonFileRequest } from "./python-request.ts";
import { readRequirements, type RequirementSet } from "./requirements-file.ts";

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
  const specifier = pyproject?.requiresPython;
  const limit = specifier === undefined ? undefined : { specifier, file: "pyproject.toml" };
  return {
    ...requestOf(input, pythonFileRequest(input, limit)),
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

/** `setup.py` beside a `pyproject.toml` without `[project]` makes its dependencies up as it runs. */
function packageDependencies(
  tree: RepoTree,
  pyproject: Pyproject | undefined,
  setupPy: string | undefined,
): RequirementSet | undefined {
  if (pyproject?.dependencies === undefined || (!pyproject.isPackage && setupPy !== undefined)) return undefined;
  return readRequirements(tree, { path: "pyproject.toml", text: pyproject.dependencies.join("\n") });
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
  decisions.push(...ignoredBeside(input, lockNames, "requirements.txt goes before it, as pip and repo2docker read it"));
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
