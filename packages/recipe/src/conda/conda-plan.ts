import type { Decision } from "@repo2singularity/contracts";
import type { RequirementSet } from "../python/requirements-file.ts";
import { type CondaRequest, packageOfUrl, specName } from "./conda-request.ts";

/** What a conda environment is made of. */
export interface CondaPlan {
  readonly request: CondaRequest;
  /** What it says of its Python, for people: `3.11.5`, `=3.11`, `any`. */
  readonly python: string;
  /** What comes from a Python index, before the repository is there and after. */
  readonly early: readonly RequirementSet[];
  readonly late: readonly RequirementSet[];
  /** Folder in which relative paths of the requirements start, relative to the repository. */
  readonly workingFolder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly decisions: readonly Decision[];
}

/** What every environment has, so that notebooks run and `pip` is the environment's own. */
const necessary = ["python", "pip", "ipykernel"];

/** The names of the packages that a request asks for. */
function namesOf(request: CondaRequest): ReadonlySet<string> {
  return new Set(
    "specs" in request
      ? request.specs.map(specName)
      : request.packages.map(({ url }) => packageOfUrl(url)?.name ?? "").filter((name) => name !== ""),
  );
}

/** Adds to specifications what every environment has, and the kernel of R where a package of R is asked for. */
export function withNecessary(specs: readonly string[]): readonly string[] {
  const names = namesOf({ channels: [], specs });
  const hasR = [...names].some((name) => name.startsWith("r-"));
  const wanted = [...necessary, ...(hasR ? ["r-irkernel"] : [])];
  return [...specs, ...wanted.filter((name) => !names.has(name))];
}

/** What a list of packages lacks of what every environment has. */
export function missingOf(request: CondaRequest): readonly string[] {
  const names = namesOf(request);
  return necessary.filter((name) => !names.has(name));
}
