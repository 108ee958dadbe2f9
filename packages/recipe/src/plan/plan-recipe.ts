import type { BaseFacts, Decision, Recipe, Step, StepGroup } from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";
import type { DatePin } from "../date/date-pin.ts";
import { checkBaseDay } from "../date/pin-base.ts";
import { configPath, findConfigDirectory, type ConfigDirectory } from "../detect/config-directory.ts";
import { findFamily, readConfigFile, type FoundFamily } from "../detect/family.ts";
import { chooseGpu, type GpuChoice, type GpuOption } from "../gpu/choose-gpu.ts";
import { applyWishes } from "../own-file/apply-wishes.ts";
import type { OwnWishes } from "../own-file/read-own-file.ts";
import { choosePython, compareMinor, oldestServerPython, type PythonChoice } from "../python/choose-python.ts";
import { ignoredPaths } from "../python/python-plan.ts";
import { imageLayout, imagePathPrefix, imageVariables } from "../scripts/image-layout.ts";
import { serverSteps } from "../scripts/install-server.ts";
import { parseAptTxt } from "../system/apt-txt.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import type { EnvironmentPart } from "./environment-part.ts";
import { finishSteps } from "./finish-steps.ts";
import { passedOver } from "./passed-over.ts";
import { planParts } from "./plan-parts.ts";
import { planPostBuild, readScripts } from "./repo-scripts.ts";
import { type AskedPackages, planAptGroup, planSystemGroup } from "./system-group.ts";

/** What a plan depends on besides the repository. */
export interface PlanOptions {
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
  /** The value of `--python`, such as `3.12`; goes before what the repository says. */
  readonly pythonRequest?: string;
  /** `repo2docker`: one family for a repository, as its order of precedence chooses; else languages add up. */
  readonly compat?: "repo2docker";
  /** The repository's own file, as `readOwnFile` gives it. */
  readonly own?: OwnWishes;
  /** The day whose packages are installed; today's when left out. */
  readonly date?: DatePin;
  /** The value of `--gpu`; goes before the own file, which goes before what base and packages are made for. */
  readonly gpu?: GpuOption;
}

/**
 * Turns a repository into an ordered list of steps over a base. Touches neither network nor files: the same
 * tree and options give the same recipe.
 * @throws E_RECIPE_BOTH_CONFIG_DIRS, E_RECIPE_FILE_INVALID, E_RECIPE_FAMILY_NOT_YET, E_RECIPE_PYTHON_UNSUPPORTED,
 * E_RECIPE_R_UNSUPPORTED, E_RECIPE_JULIA_UNSUPPORTED, E_RECIPE_BASE_UNFIT
 *
 * @example
 * const base = knownBaseFacts("debootstrap:trixie");
 * if (base) renderText(planRecipe(memoryTree({ "requirements.txt": "numpy" }), { base, platform: "linux/amd64" }));
 */
export function planRecipe(tree: RepoTree, options: PlanOptions): Recipe {
  const { base, platform, pythonRequest, compat, own, date } = options;
  if (date !== undefined) checkBaseDay(base, date);
  const directory = findConfigDirectory(tree);
  const found = findFamily(tree, directory);
  const asked = {
    ...(pythonRequest === undefined ? {} : { pythonRequest }),
    ...(date === undefined ? {} : { date }),
    ...(own?.values.languages === undefined ? {} : { languageOrder: own.values.languages }),
  };
  const planned = planParts(found, {
    tree,
    directory,
    base,
    platform,
    isExclusive: compat === "repo2docker",
    ...asked,
  });
  const parts: readonly EnvironmentPart[] = [planned.python, ...planned.languages];
  const { python } = planned.python;
  const server = planned.python.serverPython ?? (isServerPython(python) ? python : choosePython(base));
  const scripts = readScripts(tree, directory);
  const apt = planAptGroup(base, {
    asked: askedPackages(tree, directory, own),
    needs: parts.flatMap((part) => part.needs),
  });
  const groups: readonly (StepGroup | undefined)[] = [
    planSystemGroup(base, [...new Set([python, server])]),
    {
      name: "server",
      title: "Jupyter server",
      steps: [...serverSteps({ python: server.source, needsNode: scripts.needsNode }), ...finishSteps()],
    },
    apt.group,
    ...parts.flatMap((part) => part.groups),
    planContentGroup(parts),
    planPostBuild(scripts),
  ];
  const decisions: readonly Decision[] = [
    ...directoryDecisions(tree, directory, found),
    ...found.decisions,
    ...parts.flatMap((part) => part.decisions),
    ...serverDecisions(python, server, planned.python.serverPython !== undefined),
    ...apt.decisions,
    ...scripts.decisions,
  ];
  const recipe: Recipe = {
    version: recipeVersion,
    family: planned.family,
    base: base.reference,
    platform,
    groups: groups.filter((group) => group !== undefined),
    environment: Object.assign(
      { LANG: "C.UTF-8", LC_ALL: "C.UTF-8", SHELL: "/bin/bash", ...imageVariables },
      ...parts.map((part) => part.variables),
    ),
    pathPrefix: [...imagePathPrefix, ...parts.flatMap((part) => part.pathPrefix)],
    repoDir: imageLayout.repo,
    ...(scripts.start === undefined ? {} : { startScript: `${imageLayout.repo}/${scripts.start}` }),
    command: ["jupyter", "lab", "--no-browser"],
    labels: {},
    decisions: [...decisions, ...passedOver(tree, directory, found, decisions)],
  };
  return applyWishes(recipe, { base, own, date, gpu: gpuOf(options, parts) });
}

function askedPackages(tree: RepoTree, directory: ConfigDirectory, own: OwnWishes | undefined): AskedPackages[] {
  const aptFile = readConfigFile(tree, configPath(directory, "apt.txt"));
  const packages = own?.values.packages;
  return [
    ...(aptFile === undefined ? [] : [{ file: aptFile.path, packages: parseAptTxt(aptFile) }]),
    ...(own === undefined || packages === undefined ? [] : [{ file: `${own.name}: packages`, packages }]),
  ];
}

function gpuOf({ base, gpu, own }: PlanOptions, parts: readonly EnvironmentPart[]): GpuChoice {
  return chooseGpu({
    option: gpu,
    own: own?.values.gpu === undefined ? undefined : { gpu: own.values.gpu, name: own.name },
    images: [base.reference],
    packages: parts.flatMap((part) => part.packageLines ?? []),
  });
}

/** The repository, and what can only be installed once it is there. */
function planContentGroup(parts: readonly EnvironmentPart[]): StepGroup {
  const copy: Step = { kind: "copy", title: "Copy the repository", paths: ["."], destination: imageLayout.repo };
  return { name: "content", title: "Repository", steps: [copy, ...parts.flatMap((part) => part.contentSteps)] };
}

function isServerPython(choice: PythonChoice): boolean {
  return compareMinor(choice.version, oldestServerPython) >= 0;
}

/** Files of the root that a configuration folder switches off. */
const rootFiles =
  "Dockerfile JuliaProject.toml Project.toml Manifest.toml default.nix environment.yml environment.yaml Pipfile Pipfile.lock requirements.txt setup.py pyproject.toml pylock.toml uv.lock poetry.lock runtime.txt apt.txt postBuild start".split(
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

function serverDecisions(python: PythonChoice, server: PythonChoice, isApart: boolean): Decision[] {
  if (python === server) return [];
  const reason = isApart
    ? `the Jupyter server is kept apart from conda; ${server.origin}`
    : `the Jupyter server needs ${oldestServerPython} or newer; ${server.origin}`;
  return [{ subject: `Python ${server.version} for the server`, outcome: "chosen", reason }];
}
