import type { BaseFacts, Decision, Recipe } from "@repo2singularity/contracts";
import { configPath } from "../../detect/config-directory.ts";
import type { ConfigFile } from "../../detect/config-file.ts";
import { readConfigFile } from "../../detect/family.ts";
import { packageNeedsCompiler } from "../builds-from-source.ts";
import { choosePython } from "../choose-python.ts";
import { parsePyproject } from "../pyproject.ts";
import { ignoredBeside, type PythonPlan, type PythonPlanInput, requestOf } from "../python-plan.ts";
import { pythonFileRequest, type PythonLimit } from "../python-request.ts";
import { lockNames, readLock } from "./find-lock.ts";
import { type PinnedPackage, pinnedSets } from "./pinned-package.ts";
import type { PythonLock } from "./python-lock.ts";

/** What a lock is planned for. */
export interface LockInput extends PythonPlanInput {
  readonly base: BaseFacts;
  readonly platform: Recipe["platform"];
}

/** What `uname -m` says on a platform. */
export function machineOf(platform: Recipe["platform"]): "x86_64" | "aarch64" {
  return platform === "linux/amd64" ? "x86_64" : "aarch64";
}

/**
 * Plans a repository whose packages a lock names. The plan reads the lock itself instead of leaving that to its tool:
 * so only the lines that are installed change keys, and every file comes from the machine's own index.
 * @param path of the lock
 * @throws E_RECIPE_FILE_INVALID, E_RECIPE_PYTHON_UNSUPPORTED
 */
export function planLock(input: LockInput, path: string): PythonPlan {
  const { tree, directory } = input;
  const file: ConfigFile = readConfigFile(tree, path) ?? { path, text: "" };
  const projectFile = readConfigFile(tree, configPath(directory, "pyproject.toml"));
  const pyproject = projectFile === undefined ? undefined : parsePyproject(projectFile);
  const setupPy = tree.readText(configPath(directory, "setup.py"));
  const lock = readLock(tree, directory, file, projectFile);
  const limit = limitOf(file, lock, pyproject?.requiresPython);
  const readsVersionFile = path.endsWith("uv.lock");
  const request = requestOf(input, pythonFileRequest(input, limit, { readsVersionFile }));
  const python = choosePython(input.base, request.request);
  const chosen = lock.choose({ python: python.version, machine: machineOf(input.platform) });
  const installsRepository = lock.installsRepository ?? (setupPy !== undefined || pyproject?.isPackage === true);
  const packages = installsRepository && !chosen.some(isRepository) ? [...chosen, repository] : chosen;
  const { early, late } = pinnedSets(tree, file, packages);
  const needsBuild = packages.some(isRepository) && packageNeedsCompiler(pyproject?.buildRequires ?? [], setupPy);
  return {
    ...request,
    early: [early],
    late: late === undefined ? [] : [late],
    installsRepository: false,
    needsCompiler: early.buildsFromSource || needsBuild,
    workingFolder: directory,
    variables: {},
    decisions: lockDecisions(input, file, lock, packages),
  };
}

/** The repository as a package of its own; its dependencies are those of the lock. */
const repository: PinnedPackage = {
  name: "the repository",
  origin: { kind: "path", path: "." },
  hashes: [],
  isSourceOnly: false,
};

function isRepository({ origin }: PinnedPackage): boolean {
  return origin.kind === "path" && /^\.?\/?$/.test(origin.path);
}

function limitOf(file: ConfigFile, lock: PythonLock, requiresPython: string | undefined): PythonLimit | undefined {
  if (lock.requiresPython !== undefined) return { specifier: lock.requiresPython, file: file.path };
  return requiresPython === undefined ? undefined : { specifier: requiresPython, file: "pyproject.toml" };
}

function lockDecisions(
  input: LockInput,
  { path }: ConfigFile,
  lock: PythonLock,
  packages: readonly PinnedPackage[],
): readonly Decision[] {
  const local = packages.filter(({ origin }) => origin.kind === "path").length;
  const place = local === 0 ? "" : `, ${local} of them from the repository once it was copied`;
  const others = lockNames.filter((name) => configPath(input.directory, name) !== path);
  const isPackage = packages.some(isRepository);
  return [
    {
      subject: path,
      outcome: "used",
      reason: `${lock.contents}: ${packages.length} packages are installed as it pins them${place}`,
    },
    ...lock.decisions,
    ...ignoredBeside(input, others, `${path} goes before it`),
    ...["pyproject.toml", "setup.py"]
      .map((name) => configPath(input.directory, name))
      .filter((name) => input.tree.readText(name) !== undefined)
      .map((subject): Decision => ({
        subject,
        outcome: isPackage ? "used" : "ignored",
        reason: isPackage
          ? "the repository is installed as a package"
          : `the repository is no package; ${path} has its packages`,
      })),
  ];
}
