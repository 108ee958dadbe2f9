import type { BaseFacts, Decision, Recipe, Step } from "@repo2singularity/contracts";
import type { PythonPart } from "../plan/environment-part.ts";
import { finishSteps } from "../plan/finish-steps.ts";
import { choosePython, type PythonChoice } from "../python/choose-python.ts";
import type { RequirementSet } from "../python/requirements-file.ts";
import { rattlerPythons } from "../lock/rattler-lock.ts";
import { condaEnvironmentStep, condaPipStep } from "../scripts/conda-environment.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import type { CondaRequest } from "./conda-request.ts";
import { packageLines } from "../python/python-part.ts";
import { cudaVersionOf, gpuOfPackage } from "../gpu/gpu-clues.ts";
import { joinServerStep } from "../scripts/join-server.ts";
import { subdirOf } from "./channels.ts";
import { type CondaPlan, missingOf } from "./conda-plan.ts";

/**
 * The environment that is made of conda packages, its Python among them. The Jupyter server stays apart, on a Python of
 * the base's, so that the environment may have one that no server of today runs on.
 * @throws E_RECIPE_PYTHON_UNSUPPORTED when the base has no Python for the server and the installer
 */
export function planCondaPart(base: BaseFacts, platform: Recipe["platform"], plan: CondaPlan): PythonPart {
  const sets = [...plan.early, ...plan.late];
  return {
    python: kernelPython(plan),
    serverPython: choosePython(base, { specifier: rattlerPythons, from: "the conda installer" }),
    needs: sets.some((set) => set.buildsFromSource)
      ? [{ packages: ["build-essential"], reason: "the repository builds packages from source" }]
      : [],
    groups: [
      {
        name: "environment",
        title: "Conda environment",
        steps: [
          condaEnvironmentStep(withCuda(plan.request), subdirOf(platform)),
          ...kernelSteps(plan),
          ...plan.early.map((set) => pipStep(set, "/")),
          joinServerStep(),
          ...finishSteps(),
        ],
      },
    ],
    contentSteps: contentSteps(plan),
    variables: {
      CONDA_PREFIX: imageLayout.environment,
      CONDA_DEFAULT_ENV: imageLayout.environment,
      CONDA_SHLVL: "1",
      // It is no virtual environment, and uv looks at this one first.
      VIRTUAL_ENV: "",
      ...plan.variables,
    },
    pathPrefix: [],
    decisions: [...plan.decisions, pythonDecision(plan)],
    packageLines: [...requestLines(plan.request), ...packageLines(sets)],
  };
}

/**
 * Packages for graphics cards ask the solver for one, so that it is told of a CUDA as new as the specifications name: the
 * card of the machine that builds says nothing of the one that runs.
 */
function withCuda(request: CondaRequest): CondaRequest {
  if (!("specs" in request) || !request.specs.some((spec) => gpuOfPackage(spec) === "cuda")) return request;
  return { ...request, cuda: cudaVersionOf(request.specs) ?? newestCuda };
}

/** What packages that name no version may ask for: the newest of the line that most drivers of clusters run. */
const newestCuda = "12.9";

function requestLines(request: CondaRequest): readonly string[] {
  return "specs" in request ? request.specs : request.packages.map(({ url }) => url);
}

/** A version that is asked for is the one that comes; of a range only the solver knows. */
function pythonDecision({ python }: CondaPlan): Decision {
  const version = /^={0,2}(?<version>\d+(?:\.\d+)*)(?:\.\*)?$/.exec(python)?.groups?.["version"];
  const subject = version === undefined ? "Python" : `Python ${version.split(".").slice(0, 2).join(".")}`;
  return { subject, outcome: "chosen", reason: `it comes from conda, which is asked for ${python}` };
}

function kernelPython(plan: CondaPlan): PythonChoice {
  return {
    version: plan.python,
    source: { kind: "path", path: `${imageLayout.environment}/bin/python` },
    packages: [],
    origin: "conda has it",
  };
}

/** A list of packages cannot be added to by a solver: what it lacks comes from the Python index. */
function kernelSteps({ request }: CondaPlan): readonly Step[] {
  const missing = "packages" in request ? missingOf(request) : [];
  if (missing.length === 0) return [];
  return [condaPipStep("Install the kernel", { requirements: missing, keepsInstalled: true })];
}

function pipStep(set: RequirementSet, cwd: string): Step {
  const { lines, constraints, flags } = set;
  const title = `Install the pip packages of ${set.files[0] ?? "the environment"}`;
  return condaPipStep(title, { requirements: lines, constraints, flags, cwd });
}

function contentSteps({ late, workingFolder }: CondaPlan): readonly Step[] {
  const cwd = workingFolder === "" ? imageLayout.repo : `${imageLayout.repo}/${workingFolder}`;
  return late.length === 0 ? [] : [...late.map((set) => pipStep(set, cwd)), joinServerStep(), ...finishSteps()];
}
