import { recipeVersion, type BaseFacts, type Decision, type Recipe, type StepGroup } from "@repo2singularity/contracts";
import { configPath, findConfigDirectory, type ConfigDirectory } from "../detect/config-directory.ts";
import { familyNotYet, findFamily, readConfigFile, type FoundFamily } from "../detect/family.ts";
import {
  choosePython,
  compareMinor,
  describeRequest,
  oldestServerPython,
  type PythonChoice,
} from "../python/choose-python.ts";
import {
  ignoredPaths,
  planEnvironmentYml,
  planPythonFiles,
  type PythonPlan,
  type PythonPlanInput,
} from "../python/plan-python.ts";
import { imageLayout, imagePathPrefix, imageVariables } from "../scripts/image-layout.ts";
import { serverSteps } from "../scripts/install-server.ts";
import { parseAptTxt } from "../system/apt-txt.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { planContentGroup, planEnvironmentGroup } from "./environment-groups.ts";
import { finishSteps } from "./finish-steps.ts";
import { planPostBuild, readScripts } from "./repo-scripts.ts";
import { planAptGroup, planSystemGroup } from "./system-group.ts";

/** What a plan depends on besides the repository. */
export interface PlanOptions {
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
  /** The value of `--python`, such as `3.12`; goes before what the repository says. */
  readonly pythonRequest?: string;
}

/**
 * Turns a repository into an ordered list of steps over a base. Touches neither network nor files: the same
 * tree and options give the same recipe.
 * @throws E_RECIPE_BOTH_CONFIG_DIRS, E_RECIPE_FILE_INVALID, E_RECIPE_FAMILY_NOT_YET, E_RECIPE_PYTHON_UNSUPPORTED,
 * E_RECIPE_BASE_UNFIT
 *
 * @example
 * const base = knownBaseFacts("debootstrap:trixie");
 * if (base) renderText(planRecipe(memoryTree({ "requirements.txt": "numpy" }), { base, platform: "linux/amd64" }));
 */
export function planRecipe(tree: RepoTree, options: PlanOptions): Recipe {
  const { base, platform, pythonRequest } = options;
  const directory = findConfigDirectory(tree);
  const found = findFamily(tree, directory);
  const python = planFamily({ tree, directory, ...(pythonRequest === undefined ? {} : { pythonRequest }) }, found);
  const choice = choosePython(base, python.request);
  const server = isServerPython(choice) ? choice : choosePython(base);
  const scripts = readScripts(tree, directory);
  const aptFile = readConfigFile(tree, configPath(directory, "apt.txt"));
  const apt = planAptGroup(base, {
    ...(aptFile === undefined ? {} : { aptFile: aptFile.path }),
    packages: aptFile === undefined ? [] : parseAptTxt(aptFile),
    needsCompiler: python.needsCompiler,
    python: choice,
  });
  const groups: readonly (StepGroup | undefined)[] = [
    planSystemGroup(base, [...new Set([choice, server])]),
    {
      name: "server",
      title: "Jupyter server",
      steps: [...serverSteps({ python: server.source, needsNode: scripts.needsNode }), ...finishSteps()],
    },
    apt.group,
    planEnvironmentGroup(choice, python),
    planContentGroup(python),
    planPostBuild(scripts),
  ];
  return {
    version: recipeVersion,
    family: "python",
    base: base.reference,
    platform,
    groups: groups.filter((group) => group !== undefined),
    environment: { LANG: "C.UTF-8", LC_ALL: "C.UTF-8", SHELL: "/bin/bash", ...imageVariables, ...python.variables },
    pathPrefix: [...imagePathPrefix],
    repoDir: imageLayout.repo,
    ...(scripts.start === undefined ? {} : { startScript: `${imageLayout.repo}/${scripts.start}` }),
    command: ["jupyter", "lab", "--no-browser"],
    labels: {},
    decisions: [
      ...directoryDecisions(tree, directory, found),
      ...found.decisions,
      ...python.decisions,
      ...pythonDecisions(python, choice, server),
      ...apt.decisions,
      ...scripts.decisions,
    ],
  };
}

function planFamily(input: PythonPlanInput, found: FoundFamily): PythonPlan {
  if (found.family === "python") return planPythonFiles(input);
  const file = found.file ?? found.family;
  if (found.family === "conda") return planEnvironmentYml(input, file);
  throw familyNotYet(found.family, file);
}

function isServerPython(choice: PythonChoice): boolean {
  return compareMinor(choice.version, oldestServerPython) >= 0;
}

/** Files of the root that a configuration folder switches off. */
const rootFiles =
  "Dockerfile environment.yml environment.yaml Pipfile requirements.txt setup.py pyproject.toml runtime.txt apt.txt postBuild start".split(
    " ",
  );

function directoryDecisions(tree: RepoTree, directory: ConfigDirectory, found: FoundFamily): Decision[] {
  const place: Decision[] =
    directory === ""
      ? []
      : [
          { subject: `${directory}/`, outcome: "used", reason: "configuration files are only read from here" },
          ...ignoredPaths(tree, rootFiles, `only files in ${directory}/ count`),
        ];
  const none: Decision[] =
    found.file === undefined
      ? [
          {
            subject: "environment",
            outcome: "chosen",
            reason: "no file describes one: Python with the Jupyter server, nothing else",
          },
        ]
      : [];
  return [...place, ...none];
}

function pythonDecisions(python: PythonPlan, choice: PythonChoice, server: PythonChoice): Decision[] {
  const { request } = python;
  const why =
    request === undefined ? "nothing asks for a version" : `${request.from} asks for ${describeRequest(request)}`;
  const chosen: Decision = {
    subject: `Python ${choice.version}`,
    outcome: "chosen",
    reason: `${why}; ${choice.origin}`,
  };
  if (choice === server) return [chosen];
  const reason = `the Jupyter server needs ${oldestServerPython} or newer; ${server.origin}`;
  return [chosen, { subject: `Python ${server.version} for the server`, outcome: "chosen", reason }];
}
