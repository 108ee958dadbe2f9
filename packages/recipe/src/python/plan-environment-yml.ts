import type { Decision } from "@repo2singularity/contracts";
import type { ConfigFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import { condaPythonRequest, parseEnvironmentYml } from "./environment-yml.ts";
import {
  ignoredBeside,
  ignoredPaths,
  type PythonPlan,
  type PythonPlanInput,
  requestOf,
  requirementDecisions,
  splitByPlace,
} from "./python-plan.ts";
import { readRequirements } from "./requirements-file.ts";

/**
 * Plans a repository with `environment.yml` that needs no conda: its `pip:` list is installed as a requirements
 * file would be, from the folder in which it lies.
 * @returns `undefined` when it asks for a conda package
 * @throws E_RECIPE_FILE_INVALID
 */
export function planEnvironmentYml(input: PythonPlanInput, path: string): PythonPlan | undefined {
  const file: ConfigFile = readConfigFile(input.tree, path) ?? { path, text: "" };
  const environment = parseEnvironmentYml(file);
  if (environment.condaPackages.length > 0) return undefined;
  const conda = environment.pythonSpec === undefined ? undefined : condaPythonRequest(file, environment.pythonSpec);
  const requirements = readRequirements(input.tree, { path, text: environment.pipLines.join("\n") });
  const decisions: Decision[] = [
    {
      subject: path,
      outcome: "used",
      reason: "it asks for nothing but python and pip packages, so uv installs them without conda",
    },
    ...ignoredBeside(
      input,
      ["requirements.txt", "runtime.txt", "Pipfile", "Pipfile.lock"],
      `${path} describes the environment`,
    ),
    ...(input.directory === ""
      ? ignoredPaths(input.tree, ["setup.py", "pyproject.toml"], `${path} describes the environment`)
      : []),
  ];
  return {
    ...requestOf(input, conda === undefined ? undefined : { ...conda, from: path }),
    ...splitByPlace([requirements]),
    installsRepository: false,
    needsCompiler: requirements.buildsFromSource,
    workingFolder: input.directory,
    variables: environment.variables,
    decisions: [...decisions, ...requirementDecisions(requirements)],
  };
}
