import type { Step, StepGroup } from "@repo2singularity/contracts";
import type { PythonChoice } from "../python/choose-python.ts";
import type { PythonPlan } from "../python/plan-python.ts";
import type { RequirementSet } from "../python/requirements-file.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { joinServerStep } from "../scripts/join-server.ts";
import type { RunStep } from "../scripts/run-step.ts";
import { userEnvironmentStep, userPackagesStep } from "../scripts/user-environment.ts";
import { finishSteps } from "./finish-steps.ts";

/** The user's environment with all that does not need the repository's content. */
export function planEnvironmentGroup(choice: PythonChoice, plan: PythonPlan): StepGroup {
  const [first, ...rest] = plan.early;
  const base = userEnvironmentStep({ python: choice.source, ...(first === undefined ? {} : installOptions(first)) });
  return {
    name: "environment",
    title: "Python environment",
    steps: [base, ...rest.map((set) => packagesStep(set, "/")), joinServerStep(), ...finishSteps()],
  };
}

/** The repository, and the packages that can only be installed once it is there. */
export function planContentGroup(plan: PythonPlan): StepGroup {
  const cwd = plan.workingFolder === "" ? imageLayout.repo : `${imageLayout.repo}/${plan.workingFolder}`;
  const installs: Step[] = [
    ...plan.late.map((set) => packagesStep(set, cwd)),
    ...(plan.installsRepository ? [installRepositoryStep()] : []),
  ];
  const copy: Step = { kind: "copy", title: "Copy the repository", paths: ["."], destination: imageLayout.repo };
  const finish = installs.length === 0 ? [] : [joinServerStep(), ...finishSteps()];
  return { name: "content", title: "Repository", steps: [copy, ...installs, ...finish] };
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

function installOptions(set: RequirementSet): {
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  readonly flags: readonly string[];
} {
  return { requirements: set.lines, constraints: set.constraints, flags: set.flags };
}
