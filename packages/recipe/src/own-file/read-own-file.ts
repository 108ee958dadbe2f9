import { nearNames } from "@repo2singularity/base";
import { OwnFile, Resources } from "@repo2singularity/contracts";
import type { z } from "zod";
import { findConfigDirectory } from "../detect/config-directory.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { findOwnFile, ownTable } from "./find-own-file.ts";
import { type KeyPath, locateTomlTable, type LocatedValue, locateYaml, type Place } from "./located-value.ts";

/** What a repository says in its own file. */
export interface OwnWishes {
  /** How the file is called in decisions: `repo2singularity.yaml`, `pyproject.toml [tool.repo2singularity]`. */
  readonly name: string;
  readonly values: OwnFile;
  /** Names of others that are there and do not count. */
  readonly ignored: readonly string[];
}

/** Something in an own file that is not as the schema wants it. */
export interface OwnFileProblem extends Place {
  readonly message: string;
  /** The key that was probably meant, or what keys there are. */
  readonly hint: string;
}

/**
 * Reads a repository's own file.
 * @returns `undefined` when there is none
 * @throws E_RECIPE_FILE_INVALID with line and column of the first key that is wrong, E_RECIPE_BOTH_CONFIG_DIRS
 */
export function readOwnFile(tree: RepoTree): OwnWishes | undefined {
  const place = findOwnFile(tree, findConfigDirectory(tree));
  if (place === undefined) return undefined;
  const { file, ignored } = place;
  const { values, problems } = parseOwnFile(file);
  const [first, ...others] = problems;
  if (values === undefined || first !== undefined) {
    const { message = "it is no table of settings", hint, ...where } = first ?? { line: 1 };
    const more = others.length === 0 ? "" : `; and ${others.length} more, which lint lists`;
    throw invalidFile(file.path, message + more, { ...where, ...(hint === undefined ? {} : { hint }) });
  }
  return { name: isToml(file) ? `${file.path} ${ownTable}` : file.path, values, ignored };
}

/**
 * Reads one file, collecting what is wrong in the order of its lines.
 * @throws E_RECIPE_FILE_INVALID for a text that is no YAML or TOML
 */
export function parseOwnFile(file: ConfigFile): {
  readonly values?: OwnFile;
  readonly problems: readonly OwnFileProblem[];
} {
  const located = isToml(file) ? locateTomlTable(file) : locateYaml(file);
  const parsed = OwnFile.safeParse(located.value);
  if (parsed.success) return { values: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, located));
  return { problems: problems.toSorted((a, b) => a.line - b.line) };
}

function isToml({ path }: ConfigFile): boolean {
  return path.endsWith(".toml");
}

function problemsOf(issue: z.core.$ZodIssue, located: LocatedValue): readonly OwnFileProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(issue.path, key, located));
  }
  const name = issue.path.map(String).join(".");
  const expected = expectation(issue);
  const found = `found ${JSON.stringify(valueAt(located.value, issue.path)) ?? "nothing"}`;
  const message = name === "" ? `a table of settings is expected` : `${name}: expected ${expected}, ${found}`;
  return [{ message, hint: `correct ${name === "" ? "the file" : name}`, ...located.placeOf(issue.path) }];
}

function unknownKey(path: KeyPath, key: string, located: LocatedValue): OwnFileProblem {
  const known = Object.keys(path[0] === "resources" ? Resources.shape : OwnFile.shape);
  const [near] = nearNames(key, known, 1);
  const name = [...path, key].map(String).join(".");
  return {
    message: `${name} is no key of this file`,
    hint: near === undefined ? `keys are ${known.join(", ")}` : `did you mean ${near}? Keys are ${known.join(", ")}`,
    ...located.placeOf([...path, key]),
  };
}

/** What the schema wants, without the validator's own beginning of a sentence. */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.map(String).join(", ");
    case "too_small":
      return `${String(issue.minimum)} or more`;
    case "too_big":
      return `${String(issue.maximum)} or less`;
    case "invalid_key":
      return issue.issues.map(({ message }) => message).join("; ");
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a table",
  record: "a table",
};

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((inner, step) => {
    // any value but null and undefined can be asked for a property
    return inner === null || inner === undefined ? undefined : (inner as Record<PropertyKey, unknown>)[step];
  }, value);
}
