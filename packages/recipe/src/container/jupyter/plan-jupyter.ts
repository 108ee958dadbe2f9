import { shellQuote } from "@repo2singularity/base";
import type { BaseFacts, Recipe, Step, StepGroup } from "@repo2singularity/contracts";
import { planRecipe } from "../../plan/plan-recipe.ts";
import { choosePython, type PythonRequest } from "../../python/choose-python.ts";
import { imageLayout } from "../../scripts/image-layout.ts";
import { pythonLines } from "../../scripts/install-server.ts";
import { createRunStep } from "../../scripts/run-step.ts";
import { memoryTree } from "../../tree/repo-tree.ts";

/** What Jupyter is laid upon. */
export interface JupyterOptions {
  /** Of the container file's finished image. */
  readonly base: BaseFacts;
  /** PATH of that image: the Python that stands first on it is the one of its notebooks. */
  readonly path: string;
  readonly platform: Recipe["platform"];
  /** The value of `--python`. */
  readonly python?: string | undefined;
}

/**
 * The recipe that lays the Jupyter server, a kernel and the repository upon the image of a container file. What the
 * image itself holds stays as it is: the kernel's environment is one of our own that also sees the packages of the
 * image's Python.
 * @throws E_RECIPE_PYTHON_UNSUPPORTED
 */
export function planJupyter({ base, path, platform, python }: JupyterOptions): Recipe {
  const facts: BaseFacts = { ...base, pythons: inOrderOf(path, base.pythons) };
  const request = python === undefined ? {} : { pythonRequest: python };
  const recipe = planRecipe(memoryTree({}), { base: facts, platform, ...request });
  const step = imagePackagesStep(facts, python === undefined ? undefined : { version: python, from: "--python" });
  return {
    ...recipe,
    groups: recipe.groups.map((group) => (group.name === "environment" ? withSecondStep(group, step) : group)),
  };
}

/** Interpreters in the order of their folders on PATH; those elsewhere behind, as they were. */
function inOrderOf(path: string, pythons: BaseFacts["pythons"]): BaseFacts["pythons"] {
  const folders = path.split(":");
  const rank = (file: string): number => {
    const index = folders.indexOf(file.slice(0, file.lastIndexOf("/")));
    return index < 0 ? folders.length : index;
  };
  return pythons.toSorted((a, b) => rank(a.path) - rank(b.path));
}

function withSecondStep(group: StepGroup, step: Step): StepGroup {
  const [first, ...rest] = group.steps;
  return { ...group, steps: first === undefined ? [step] : [first, step, ...rest] };
}

/** Folders of the image's Python become folders of the environment, behind its own; a virtual environment's own too. */
function imagePackagesStep(base: BaseFacts, request: PythonRequest | undefined): Step {
  const { source } = choosePython(base, request);
  const file = `"$(${imageLayout.environment}/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"`;
  const program = [
    "import site",
    `for folder in site.getsitepackages():`,
    `    print("import site; site.addsitedir(%r)" % folder)`,
  ].join("\n");
  const script = [
    pythonLines(source).trimEnd(),
    `"$python" -c ${shellQuote(program)} >${file}/packages-of-the-image.pth`,
    "",
  ].join("\n");
  return createRunStep("Let notebooks see the image's own packages", script);
}
