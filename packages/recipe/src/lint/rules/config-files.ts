import { configPath } from "../../detect/config-directory.ts";
import { findOwnFile } from "../../own-file/find-own-file.ts";
import { parseOwnFile } from "../../own-file/read-own-file.ts";
import type { RuleFinding } from "../finding.ts";
import type { LintInput } from "../lint-input.ts";

/** Both configuration folders: only one may hold the files. */
export function twoConfigFolders({ tree }: LintInput): RuleFinding[] {
  if (!tree.isDirectory("binder") || !tree.isDirectory(".binder")) return [];
  return [
    {
      path: ".binder/",
      message: "the repository has both binder/ and .binder/",
      hint: "merge the two folders and delete one of them",
    },
  ];
}

/** Every key of the own file that is wrong, not only the first. */
export function ownFileKeys({ tree, directory }: LintInput): RuleFinding[] {
  const place = findOwnFile(tree, directory);
  if (place === undefined) return [];
  const { path } = place.file;
  return parseOwnFile(place.file).problems.map(({ message, hint, line }) => ({ path, line, message, hint }));
}

/** Locks that take the place of the file they were made of, which rightly stays beside them. */
const locks: Readonly<Record<string, string>> = {
  Pipfile: "Pipfile.lock",
  "environment.yml": "conda-lock.yml",
  "environment.yaml": "conda-lock.yml",
  "pixi.toml": "pixi.lock",
};

/** Files that the plan passes over. */
export function ignoredFiles({ tree, decisions }: LintInput): RuleFinding[] {
  const hasLock = (path: string): boolean => {
    const [, folder = "", name = ""] = /^(.*\/)?([^/]+)$/.exec(path) ?? [];
    const lock = locks[name];
    return lock !== undefined && decisions.some((one) => one.subject === folder + lock && one.outcome === "used");
  };
  return decisions
    .filter(
      ({ subject, outcome }) => outcome === "ignored" && tree.readText(subject) !== undefined && !hasLock(subject),
    )
    .map(({ subject, reason }) => ({
      path: subject,
      message: `nothing is taken from this file: ${reason}`,
      hint: "delete it, or move what it says to the file that counts",
    }));
}

const configNames =
  "Dockerfile environment.yml environment.yaml Pipfile Pipfile.lock requirements.txt setup.py pyproject.toml runtime.txt apt.txt postBuild start install.R DESCRIPTION renv.lock Project.toml Manifest.toml default.nix repo2singularity.yaml repo2singularity.yml".split(
    " ",
  );

/** Names that are other files' names with one letter wrong; short names are near to too many. */
export function misspeltNames({ files, directory }: LintInput): RuleFinding[] {
  const prefix = configPath(directory, "");
  return files.flatMap(({ path, type }) => {
    const name = path.slice(prefix.length);
    if (type !== "file" || !path.startsWith(prefix) || name.includes("/") || configNames.includes(name)) return [];
    const meant = configNames.find((known) => isNear(name, known));
    if (meant === undefined) return [];
    const hint = `rename it to ${meant} if that is what it is`;
    return [{ path, message: `the name is nearly ${meant}, and nothing reads it`, hint }];
  });
}

function isNear(name: string, known: string): boolean {
  if (name.toLowerCase() === known.toLowerCase()) return true;
  const isSameKind = name.slice(name.lastIndexOf(".")) === known.slice(known.lastIndexOf("."));
  const differsByOne = Math.abs(name.length - known.length) <= 1;
  return known.length >= 7 && isSameKind && differsByOne && isOneEdit(name, known);
}

/** Whether one letter more, less or other makes one text of the other. */
function isOneEdit(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return Math.max(a.length, b.length) - start - end <= 1;
}
