import { AppError } from "@repo2singularity/base";
import type { Decision } from "@repo2singularity/contracts";
import { parseRuntimeTxt, type RuntimeTxt } from "../python/runtime-txt.ts";
import { findCondaFile } from "../conda/find-conda.ts";
import { findLock } from "../python/locks/find-lock.ts";
import { parsePyproject } from "../python/pyproject.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { configPath, type ConfigDirectory } from "./config-directory.ts";
import type { ConfigFile } from "./config-file.ts";

/** Ways to describe an environment; the first file of the first family that is found counts. */
export type Family = "python" | "conda" | "dockerfile" | "julia" | "nix" | "r" | "pipfile" | "definition";

/** A family and the file that chose it; no file when nothing asked for anything. */
export interface FoundFamily {
  readonly family: Family;
  readonly file?: string;
  /** What was seen and passed over on the way. */
  readonly decisions: readonly Decision[];
}

/** Reads a configuration file. @returns `undefined` when it is not there */
export function readConfigFile(tree: RepoTree, path: string): ConfigFile | undefined {
  const text = tree.readText(path);
  return text === undefined ? undefined : { path, text: text.replace(/^\uFEFF/, "") };
}

/** In what order files choose the family. `root` files only count where there is no configuration folder. */
const precedence: readonly {
  readonly family: Family;
  readonly names: readonly string[];
  readonly place: "config" | "root";
}[] = [
  { family: "dockerfile", names: ["Dockerfile"], place: "config" },
  { family: "julia", names: ["JuliaProject.toml", "Project.toml", "REQUIRE"], place: "config" },
  { family: "nix", names: ["default.nix"], place: "config" },
  { family: "r", names: ["DESCRIPTION"], place: "root" },
  { family: "conda", names: ["environment.yml", "environment.yaml"], place: "config" },
  { family: "pipfile", names: ["Pipfile", "Pipfile.lock"], place: "config" },
];

/** Definition files of Apptainer and Singularity; repo2docker does not read them, so everything else goes first. */
export const definitionNames: readonly string[] = [
  "Singularity",
  "Apptainer",
  "Singularity.def",
  "Apptainer.def",
  "singularity.def",
  "apptainer.def",
];

/**
 * Finds the family of a repository in repo2docker's order of precedence.
 * @param without families to pass over: those that another part of the plan has in hand
 * @throws E_RECIPE_FILE_INVALID when a file that decides cannot be parsed
 * Source: repo2docker `app.py`, `buildpacks`
 */
export function findFamily(tree: RepoTree, directory: ConfigDirectory, without: readonly Family[] = []): FoundFamily {
  const present = (names: readonly string[], place: "config" | "root"): string | undefined => {
    if (place === "root" && directory !== "") return undefined;
    return names.map((name) => configPath(directory, name)).find((path) => tree.readText(path) !== undefined);
  };
  const runtime = tryReadRuntime(tree, directory);
  for (const { family, names, place } of precedence) {
    if (family === "conda" && !without.includes("r") && runtime?.name === "r")
      return { family: "r", file: configPath(directory, "runtime.txt"), decisions: [] };
    if (family === "pipfile" && runtime !== undefined && runtime.name !== "python") continue;
    if (without.includes(family)) continue;
    const file = present(names, place);
    if (file !== undefined) return { family, file, decisions: [] };
  }
  const conda = without.includes("conda") ? undefined : findCondaFile(tree, directory);
  if (conda !== undefined) return { family: "conda", file: conda, decisions: [] };
  const python = findPythonFile(tree, directory, runtime);
  // A flake beside other files is most often there for the author's own machine.
  const flake = python === undefined && !without.includes("nix") ? present(["flake.nix"], "config") : undefined;
  if (flake !== undefined) return { family: "nix", file: flake, decisions: [] };
  const definition = present(definitionNames, "config") ?? taggedDefinitions(tree, directory)[0];
  return pythonOrDefinition(tree, directory, python, definition);
}

/** Definition files named `Singularity.TAG`, sorted: several images of one repository, as Singularity Hub had them. */
function taggedDefinitions(tree: RepoTree, directory: ConfigDirectory): readonly string[] {
  const prefix = configPath(directory, "Singularity.");
  return tree.paths.filter((path) => {
    const isTagged = path.startsWith(prefix) && /^[\w.-]+$/.test(path.slice(prefix.length));
    return isTagged && /^\s*bootstrap\s*:/im.test(tree.readText(path) ?? "");
  });
}

/**
 * A malformed `runtime.txt` must not stop a conda repository, which never uses it; the Python family reads it
 * again and says what is wrong.
 */
function tryReadRuntime(tree: RepoTree, directory: ConfigDirectory): RuntimeTxt | undefined {
  const file = readConfigFile(tree, configPath(directory, "runtime.txt"));
  if (file === undefined || !/^(r|python)-/.test(file.text.trim())) return undefined;
  const isLate = ["environment.yml", "environment.yaml"].some(
    (name) => tree.readText(configPath(directory, name)) !== undefined,
  );
  return isLate && !file.text.trim().startsWith("r-") ? undefined : parseRuntimeTxt(file);
}

function findPythonFile(
  tree: RepoTree,
  directory: ConfigDirectory,
  runtime: RuntimeTxt | undefined,
): string | undefined {
  return runtime?.name === "python" ? configPath(directory, "runtime.txt") : pythonFile(tree, directory);
}

function pythonOrDefinition(
  tree: RepoTree,
  directory: ConfigDirectory,
  file: string | undefined,
  definition: string | undefined,
): FoundFamily {
  if (file === undefined && definition !== undefined) {
    const others = taggedDefinitions(tree, directory).filter((path) => path !== definition);
    const reason = `${definition} goes before it; --definition chooses another`;
    const decisions = others.map((subject): Decision => ({ subject, outcome: "ignored", reason }));
    return { family: "definition", file: definition, decisions };
  }
  const decisions: Decision[] =
    definition === undefined
      ? []
      : [
          {
            subject: definition,
            outcome: "ignored",
            reason: `${file ?? "another file"} describes the environment, and repo2docker reads no definition files`,
          },
        ];
  return { family: "python", ...(file === undefined ? {} : { file }), decisions };
}

function pythonFile(tree: RepoTree, directory: ConfigDirectory): string | undefined {
  if (directory === "") {
    if (tree.readText("setup.py") !== undefined) return "setup.py";
    const pyproject = readConfigFile(tree, "pyproject.toml");
    if (pyproject !== undefined && parsePyproject(pyproject).isPackage) return "pyproject.toml";
  }
  const requirements = configPath(directory, "requirements.txt");
  return tree.readText(requirements) === undefined ? findLock(tree, directory) : requirements;
}

/** The error for a file that describes a whole image: a recipe of environments cannot hold its stages. */
export function familyNotYet(family: "dockerfile" | "definition", file: string): AppError {
  const name = family === "dockerfile" ? "Dockerfiles" : "Apptainer and Singularity definition files";
  return new AppError("E_RECIPE_FAMILY_NOT_YET", `${file}: ${name} are no environments`, {
    hint: "planContainer plans them",
    data: { family, file },
  });
}
