import type { BaseFacts, Recipe } from "@repo2singularity/contracts";
import { planCondaPart } from "../conda/conda-part.ts";
import { planConda } from "../conda/plan-conda.ts";
import { familyNotYet, findFamily, type Family, type FoundFamily } from "../detect/family.ts";
import { findLanguages, inOrder, isLanguage, type Language, pythonless } from "../detect/languages.ts";
import { planJuliaPart } from "../julia/julia-part.ts";
import { planNixPart } from "../nix/nix-part.ts";
import { planPipfile } from "../pipfile/plan-pipfile.ts";
import { canChoosePython } from "../python/choose-python.ts";
import { findLock } from "../python/locks/find-lock.ts";
import { planLock } from "../python/locks/plan-lock.ts";
import { planEnvironmentYml } from "../python/plan-environment-yml.ts";
import { planPythonFiles } from "../python/plan-python.ts";
import { type PythonPlan, type PythonPlanInput, requestOf } from "../python/python-plan.ts";
import { planPythonPart } from "../python/python-part.ts";
import { planRPart } from "../r/r-part.ts";
import type { EnvironmentPart, LanguagePartInput, PythonPart } from "./environment-part.ts";

/** What a plan is made from: the repository, what the command line asks for, and the base. */
export interface PartsInput extends PythonPlanInput {
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
  /** repo2docker's rule: one family for a repository. */
  readonly isExclusive: boolean;
  /** The order of languages that the own file declares. */
  readonly languageOrder?: readonly string[];
}

/** The environment of an image: the Python of its notebooks, and further languages in the order of their install. */
export interface Parts {
  /** What the repository is, in one word: its first language, or what made its Python. */
  readonly family: Family;
  readonly python: PythonPart;
  readonly languages: readonly EnvironmentPart[];
}

const languagePlanners: Readonly<Record<Language, (input: LanguagePartInput) => EnvironmentPart>> = {
  r: planRPart,
  julia: planJuliaPart,
};

/**
 * Plans the environment of a repository.
 * @throws E_RECIPE_FAMILY_NOT_YET, E_RECIPE_FILE_INVALID, E_RECIPE_PYTHON_UNSUPPORTED, E_RECIPE_R_UNSUPPORTED,
 * E_RECIPE_JULIA_UNSUPPORTED
 */
export function planParts(found: FoundFamily, input: PartsInput): Parts {
  const { tree, directory, isExclusive } = input;
  const beside = inOrder(findLanguages(tree, directory, found, isExclusive), input.languageOrder);
  const environment = isLanguage(found.family)
    ? findFamily(tree, directory, isExclusive ? [...pythonless, "pipfile"] : pythonless)
    : found;
  if (environment.family === "nix" && !(isExclusive && isFlake(environment)))
    return planNix(input, environment.file ?? "default.nix");
  const python = planPython(environment, input);
  return {
    family: isLanguage(found.family) ? found.family : (beside[0] ?? familyOf(environment, python)),
    python,
    languages: beside.map((language) => languagePlanners[language](input)),
  };
}

/** repo2docker knows no flakes. */
function isFlake({ file }: FoundFamily): boolean {
  return file?.endsWith("flake.nix") === true;
}

/** Notebooks and the server have a Python in any case; what they see is the shell. */
function planNix(input: PartsInput, file: string): Parts {
  const nothing = { early: [], late: [], installsRepository: false, needsCompiler: false };
  const plan: PythonPlan = {
    ...requestOf(input, undefined),
    ...nothing,
    workingFolder: "",
    variables: {},
    decisions: [],
  };
  return { family: "nix", python: planPythonPart(input.base, plan), languages: [planNixPart(input, file)] };
}

/** An environment file that needs no conda makes a Python like any other. */
function familyOf({ family }: FoundFamily, python: PythonPart): Family {
  return family === "conda" && python.serverPython === undefined ? "python" : family;
}

/** The Python environment by the file that describes it; a new way is a folder and a line here. */
function planPython({ family, file = family }: FoundFamily, input: PartsInput): PythonPart {
  switch (family) {
    case "python":
      return planPythonPart(input.base, planPythonOrLock(input));
    case "conda":
      return planCondaFamily(input, file);
    case "pipfile":
      return planPythonPart(input.base, planPipfile(input));
    case "nix": // a flake that does not count
      return planPythonPart(input.base, planPythonFiles(input));
    case "r":
    case "julia":
      throw new Error(`${family} is no Python environment`);
    default:
      throw familyNotYet(family, file);
  }
}

/** An environment file that asks for no conda package needs conda only for a Python that nobody else has. */
function planCondaFamily(input: PartsInput, file: string): PythonPart {
  const isKnown = /(^|\/)environment\.ya?ml$/.test(file);
  if (!isKnown && input.isExclusive) return planPythonPart(input.base, planPythonFiles(input));
  const plan = isKnown ? planEnvironmentYml(input, file) : undefined;
  if (plan !== undefined && canChoosePython(input.base, plan.request)) return planPythonPart(input.base, plan);
  return planCondaPart(input.base, input.platform, planConda(input, file));
}

/** repo2docker knows no locks of Python. */
function planPythonOrLock(input: PartsInput): PythonPlan {
  const lock = input.isExclusive ? undefined : findLock(input.tree, input.directory);
  return lock === undefined ? planPythonFiles(input) : planLock(input, lock);
}
