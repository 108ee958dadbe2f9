import { configPath } from "../detect/config-directory.ts";
import { invalidFile } from "../detect/config-file.ts";
import { readConfigFile } from "../detect/family.ts";
import type { PythonRequest } from "./choose-python.ts";
import type { PythonPlanInput } from "./python-plan.ts";
import { specifierAllows } from "./requirement.ts";
import { parseRuntimeTxt } from "./runtime-txt.ts";

/** A range of Pythons, and the file that says so. */
export interface PythonLimit {
  /** A PEP 440 specifier. */
  readonly specifier: string;
  readonly file: string;
}

/**
 * The Python that a repository asks for: `runtime.txt` names a version, else `.python-version` where the tool that wrote
 * the lock reads it; `requires-python` of a project or lock limits both.
 * @throws E_RECIPE_FILE_INVALID when a file names no version, or one outside of the limit
 */
export function pythonFileRequest(
  input: PythonPlanInput,
  limit: PythonLimit | undefined,
  options: { readonly readsVersionFile: boolean } = { readsVersionFile: false },
): PythonRequest | undefined {
  const named = runtimeVersion(input) ?? (options.readsVersionFile ? versionFile(input) : undefined);
  const specifier = limit?.specifier;
  if (named === undefined) {
    return limit === undefined ? undefined : { specifier: limit.specifier, from: `requires-python in ${limit.file}` };
  }
  const { version, from } = named;
  if (!/^\d+(\.\d+){0,2}$/.test(version)) {
    throw invalidFile(from, `"${version}" is no version of Python`, { line: 1, hint: "write for example python-3.12" });
  }
  if (specifier !== undefined && !couldSatisfy(version, specifier)) {
    const problem = `Python ${version} does not satisfy requires-python = "${specifier}" of ${limit?.file}`;
    throw invalidFile(from, problem, {
      line: 1,
      hint: `change the version in ${from} or the range in ${limit?.file}`,
    });
  }
  return { version, ...(specifier === undefined ? {} : { specifier }), from };
}

interface NamedVersion {
  readonly version: string;
  /** The file that names it. */
  readonly from: string;
}

function runtimeVersion({ tree, directory }: PythonPlanInput): NamedVersion | undefined {
  const file = readConfigFile(tree, configPath(directory, "runtime.txt"));
  const runtime = file === undefined ? undefined : parseRuntimeTxt(file);
  if (file === undefined || runtime?.name !== "python" || runtime.version === undefined) return undefined;
  return { version: runtime.version, from: file.path };
}

/** The first line of `.python-version`, when it is a version: names of builds and environments count for nothing here. */
function versionFile({ tree, directory }: PythonPlanInput): NamedVersion | undefined {
  const file = readConfigFile(tree, configPath(directory, ".python-version"));
  const version = file?.text
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "" && !line.startsWith("#"));
  return file === undefined || version === undefined || !/^\d+(\.\d+){1,2}$/.test(version)
    ? undefined
    : { version, from: file.path };
}

/** Whether a release of the line `3`, `3.11` or `3.11.4` lies in the range. */
function couldSatisfy(version: string, specifier: string): boolean {
  const parts = version.split(".");
  if (parts.length > 2) return specifierAllows(specifier, version);
  const minors = parts.length === 2 ? [version] : Array.from({ length: 30 }, (_, minor) => `${version}.${minor}`);
  return minors.some((minor) =>
    Array.from({ length: 50 }, (_, patch) => `${minor}.${patch}`).some((full) => specifierAllows(specifier, full)),
  );
}
