import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { isSpecifier } from "./requirement.ts";
import { asTable, asTexts, readToml } from "./toml-file.ts";

/** What counts of `pyproject.toml`. */
export interface Pyproject {
  /** Whether `[project]` and `[build-system]` are there, so that the repository can be installed. */
  readonly isPackage: boolean;
  /** A PEP 440 specifier such as `>=3.10`. */
  readonly requiresPython?: string;
  /** `project.dependencies`; `undefined` when the build backend makes them up. */
  readonly dependencies?: readonly string[];
  /** `build-system.requires`. */
  readonly buildRequires: readonly string[];
}

/**
 * Reads `pyproject.toml`.
 * @throws E_RECIPE_FILE_INVALID with line and column for TOML that cannot be parsed, and for wrong shapes
 * Source: PEP 518, PEP 621
 */
export function parsePyproject(file: ConfigFile): Pyproject {
  const content = readToml(file);
  const project = asTable(file, content["project"], "project");
  const buildSystem = asTable(file, content["build-system"], "build-system");
  const requiresPython = project?.["requires-python"];
  if (requiresPython !== undefined && (typeof requiresPython !== "string" || !isSpecifier(requiresPython))) {
    throw invalidFile(
      file.path,
      `requires-python ${JSON.stringify(requiresPython)} is not a version specifier of PEP 440`,
    );
  }
  const dynamic = asTexts(file, project?.["dynamic"] ?? [], "project.dynamic");
  const isStatic = project !== undefined && !dynamic.includes("dependencies");
  return {
    isPackage: project !== undefined && buildSystem !== undefined,
    ...(requiresPython === undefined ? {} : { requiresPython }),
    ...(isStatic ? { dependencies: asTexts(file, project["dependencies"] ?? [], "project.dependencies") } : {}),
    buildRequires: asTexts(file, buildSystem?.["requires"] ?? [], "build-system.requires"),
  };
}
