import type { BaseFacts, Decision, Step, StepGroup } from "@repo2singularity/contracts";
import { finishSteps } from "../plan/finish-steps.ts";
import type { PythonPart, SystemNeed } from "../plan/environment-part.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { joinServerStep } from "../scripts/join-server.ts";
import type { RunStep } from "../scripts/run-step.ts";
import { userEnvironmentStep, userPackagesStep } from "../scripts/user-environment.ts";
import { choosePython, describeRequest, type PythonChoice } from "./choose-python.ts";
import type { PythonPlan } from "./python-plan.ts";
import type { RequirementSet } from "./requirements-file.ts";

/**
 * The Python environment that uv makes of the base's, the distribution's or a standalone Python.
 * @throws E_RECIPE_PYTHON_UNSUPPORTED when the Python that is asked for cannot be had
 */
export function planPythonPart(base: BaseFacts, plan: PythonPlan): PythonPart {
  const python = choosePython(base, plan.request);
  return {
    python,
    needs: plan.needsCompiler ? [compilerNeed(python)] : [],
    groups: [planEnvironmentGroup(python, plan)],
    contentSteps: planContentSteps(plan),
    variables: plan.variables,
    pathPrefix: [],
    decisions: [...plan.decisions, pythonDecision(plan, python)],
    packageLines: packageLines([...plan.early, ...plan.late]),
  };
}

/** A compiler, and the headers of a Python that comes from the distribution. */
function compilerNeed(python: PythonChoice): SystemNeed {
  const headers = python.packages.map((name) => `${name}-dev`);
  return { packages: ["build-essential", ...headers], reason: "the repository builds packages from source" };
}

function pythonDecision({ request }: PythonPlan, python: PythonChoice): Decision {
  const why =
    request === undefined ? "nothing asks for a version" : `${request.from} asks for ${describeRequest(request)}`;
  return { subject: `Python ${python.version}`, outcome: "chosen", reason: `${why}; ${python.origin}` };
}

/** The user's environment with all that does not need the repository's content. */
function planEnvironmentGroup(python: PythonChoice, plan: PythonPlan): StepGroup {
  const [first, ...rest] = plan.early;
  const options = first === undefined ? {} : installOptions(first);
  const base = userEnvironmentStep({
    python: python.source,
    ...(first?.isLocked === true ? { locked: options } : options),
  });
  return {
    name: "environment",
    title: "Python environment",
    steps: [base, ...rest.map((set) => packagesStep(set, "/")), joinServerStep(), ...finishSteps()],
  };
}

/** The packages that can only be installed once the repository is there. */
function planContentSteps(plan: PythonPlan): readonly Step[] {
  const cwd = plan.workingFolder === "" ? imageLayout.repo : `${imageLayout.repo}/${plan.workingFolder}`;
  const installs: Step[] = [
    ...plan.late.map((set) => packagesStep(set, cwd)),
    ...(plan.installsRepository ? [installRepositoryStep()] : []),
  ];
  return installs.length === 0 ? [] : [...installs, joinServerStep(), ...finishSteps()];
}

/** Not editable: what is installed must not change when a session works on a copy of the repository. */
function installRepositoryStep(): Step {
  return userPackagesStep("Install the repository", { requirements: ["."], cwd: imageLayout.repo });
}

function packagesStep(set: RequirementSet, cwd: string): RunStep {
  return userPackagesStep(`Install the packages of ${set.files[0] ?? "the repository"}`, {
    ...installOptions(set),
    cwd,
  });
}

/** Everything of the sets that names a package or where packages come from. */
export function packageLines(sets: readonly RequirementSet[]): readonly string[] {
  return sets.flatMap(({ lines, flags }) => [...lines, ...flags]);
}

function installOptions(set: RequirementSet): {
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  readonly flags: readonly string[];
} {
  return { requirements: set.lines, constraints: set.constraints, flags: set.flags };
}
