import type { Decision } from "@repo2singularity/contracts";
import { configPath } from "../detect/config-directory.ts";
import { readConfigFile } from "../detect/family.ts";
import { lockNames } from "../python/locks/find-lock.ts";
import {
  ignoredBeside,
  ignoredPaths,
  type PythonPlan,
  type PythonPlanInput,
  requestOf,
  requirementDecisions,
  splitByPlace,
} from "../python/python-plan.ts";
import { readRequirements, type RequirementSet } from "../python/requirements-file.ts";
import { type Pipfile, type PipfileLock, readPipfile, readPipfileLock } from "./pipfile.ts";
import { pipfileSha256 } from "./pipfile-digest.ts";
import { pipfileLines } from "./pipfile-lines.ts";

/**
 * Plans a repository with a `Pipfile`, a `Pipfile.lock` or both. A lock counts even when the Pipfile was changed after
 * it, as it does for repo2docker; the plan says so.
 * @throws E_RECIPE_FILE_INVALID
 */
export function planPipfile(input: PythonPlanInput): PythonPlan {
  const { tree, directory } = input;
  const pipfileFile = readConfigFile(tree, configPath(directory, "Pipfile"));
  const lockFile = readConfigFile(tree, configPath(directory, "Pipfile.lock"));
  const pipfile = pipfileFile === undefined ? undefined : readPipfile(pipfileFile);
  const lock = lockFile === undefined ? undefined : readPipfileLock(lockFile);
  const [file, content] =
    lockFile !== undefined && lock !== undefined
      ? [lockFile, lock]
      : [pipfileFile ?? { path: "Pipfile", text: "" }, pipfile];
  const lines = content === undefined ? [] : pipfileLines(file, content);
  const read = (some: readonly string[]): RequirementSet =>
    readRequirements(tree, { path: file.path, text: some.join("\n") });
  const sets = lock === undefined ? [read(lines)] : lockedSets(lines, read);
  return {
    ...requestOf(input, pythonRequest(lockFile?.path, lock) ?? pythonRequest(pipfileFile?.path, pipfile)),
    ...splitByPlace(sets),
    installsRepository: false,
    needsCompiler: sets.some((set) => set.buildsFromSource),
    workingFolder: directory,
    variables: {},
    decisions: [
      ...sets
        .slice(0, 1)
        .flatMap((set) => requirementDecisions(set, `its packages, those for development too, are installed`)),
      ...pairDecisions(pipfileFile?.path, pipfile, lockFile?.path, lock),
      ...categoryDecisions(file.path, content),
      ...ignoredFiles(input, file.path),
    ],
  };
}

/** What pipenv locks is complete, and pipenv too installs it without asking what it needs: so it can come in two parts. */
function lockedSets(
  lines: readonly string[],
  read: (lines: readonly string[]) => RequirementSet,
): readonly RequirementSet[] {
  const isLocal = (line: string): boolean => /^(?:-e )?\.\.?(?:[/[ ]|$)/.test(line);
  return [lines.filter((line) => !isLocal(line)), lines.filter(isLocal)].map((part) => {
    const set = read(part);
    const flags = set.flags.filter((flag) => flag !== "--require-hashes");
    return { ...set, isLocked: true, flags: [...flags, "--no-deps"] };
  });
}

function pythonRequest(path: string | undefined, content: Pipfile | undefined): PythonPlan["request"] {
  return path === undefined || content?.python === undefined ? undefined : { version: content.python, from: path };
}

/** What the Pipfile is there for beside its lock. */
function pairDecisions(
  path: string | undefined,
  pipfile: Pipfile | undefined,
  lockPath: string | undefined,
  lock: PipfileLock | undefined,
): readonly Decision[] {
  if (path === undefined || pipfile === undefined || lock === undefined || lockPath === undefined) return [];
  const isStale = lock.pipfileSha256 !== undefined && lock.pipfileSha256 !== pipfileSha256(pipfile);
  const reason = isStale
    ? `${lockPath} goes before it, although ${path} was changed after it; \`pipenv lock\` brings them together`
    : `${lockPath} has its packages with their versions`;
  return [{ subject: path, outcome: "ignored", reason }];
}

function categoryDecisions(path: string, content: Pipfile | undefined): readonly Decision[] {
  return (content?.categories ?? []).map((name) => ({
    subject: `${path}: [${name}]`,
    outcome: "ignored",
    reason: "pipenv installs only packages and dev-packages when nobody asks for other categories",
  }));
}

function ignoredFiles(input: PythonPlanInput, path: string): readonly Decision[] {
  const reason = `${path} describes the environment`;
  return [
    ...ignoredBeside(input, ["requirements.txt", "runtime.txt", ...lockNames], reason),
    ...(input.directory === "" ? ignoredPaths(input.tree, ["setup.py", "pyproject.toml"], reason) : []),
  ];
}
