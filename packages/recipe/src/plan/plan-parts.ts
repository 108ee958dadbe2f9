import type { BaseFacts } from "@repo2singularity/contracts";
import { familyNotYet, type Family, type FoundFamily } from "../detect/family.ts";
import { planEnvironmentYml, planPythonFiles, type PythonPlanInput } from "../python/plan-python.ts";
import { planPythonPart } from "../python/python-part.ts";
import type { EnvironmentPart, PythonPart } from "./environment-part.ts";

/** What a family plans from: the repository, what the command line asks for, and the base. */
export interface PartsInput extends PythonPlanInput {
  readonly base: BaseFacts;
  /** The file that chose the family. */
  readonly file: string | undefined;
}

/** The environment of an image: the Python of its notebooks, and further languages in the order of their install. */
export interface Parts {
  /** What did the work, for the recipe: an `environment.yml` of pip packages is Python's, not conda's. */
  readonly family: Family;
  readonly python: PythonPart;
  readonly languages: readonly EnvironmentPart[];
}

/** A family's planner. Pure: it reads the tree and nothing else. */
type PlanFamily = (input: PartsInput & { readonly file: string }) => Parts;

const pythonOnly = (python: PythonPart): Parts => ({ family: "python", python, languages: [] });

/** The families that are built; a new one is a folder beside `python/` and a line here. */
const planners: Partial<Record<Family, PlanFamily>> = {
  conda: (input) => pythonOnly(planPythonPart(input.base, planEnvironmentYml(input, input.file))),
};

/**
 * Plans the environment of a repository.
 * @throws E_RECIPE_FAMILY_NOT_YET, E_RECIPE_FILE_INVALID, E_RECIPE_PYTHON_UNSUPPORTED
 */
export function planParts(found: FoundFamily, input: PartsInput): Parts {
  const { family } = found;
  if (family === "python") return pythonOnly(planPythonPart(input.base, planPythonFiles(input)));
  const file = input.file ?? family;
  const planner = planners[family];
  if (planner === undefined) throw familyNotYet(family, file);
  return planner({ ...input, file });
}
