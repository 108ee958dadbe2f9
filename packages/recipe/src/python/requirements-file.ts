import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { resolveInside } from "../tree/resolve-inside.ts";
import { isLocalReference } from "./local-reference.ts";
import { logicalLines } from "./logical-lines.ts";
import { parseRequirementLine, type RequirementLine } from "./requirement-line.ts";
import { formatRequirement, normalizeName } from "./requirement.ts";

/** Requirements of one or more files, included files among them, in the form in which they are installed. */
export interface RequirementSet {
  /** Lines for `uv pip install -r`: comments gone, continuations joined, includes put in place. */
  readonly lines: readonly string[];
  /** Lines for `--constraint`. */
  readonly constraints: readonly string[];
  /** Flags that uv wants on its command line and not in the file. */
  readonly flags: readonly string[];
  /** Whether a line points into the repository, so that it must be there before the install. */
  readonly hasLocalReference: boolean;
  /** Normalised names of the packages that are asked for by name. */
  readonly names: readonly string[];
  /**
   * Whether the lines are meant to be all there is, each with its hash: they are then installed by themselves, before
   * what every environment has.
   */
  readonly isLocked: boolean;
  /** Whether a package is certainly built from source: `--no-binary`, or an archive that is no wheel. */
  readonly buildsFromSource: boolean;
  /** Files that were read, the first one first. */
  readonly files: readonly string[];
  /** Options that have no effect here. */
  readonly ignoredOptions: readonly string[];
}

interface Collector {
  readonly tree: RepoTree;
  readonly visited: Set<string>;
  readonly files: Set<string>;
  readonly lines: string[];
  readonly constraints: string[];
  readonly flags: Set<string>;
  readonly names: Set<string>;
  readonly ignoredOptions: Set<string>;
  hasLocalReference: boolean;
  buildsFromSource: boolean;
}

/**
 * Reads a requirements file and what it includes.
 * @throws E_RECIPE_FILE_INVALID with file and line of the first line that pip would not take, of an include that
 * is not in the repository, or of one that leads out of it
 */
export function readRequirements(tree: RepoTree, file: ConfigFile): RequirementSet {
  const collector: Collector = {
    tree,
    visited: new Set(),
    files: new Set(),
    lines: [],
    constraints: [],
    flags: new Set(),
    names: new Set(),
    ignoredOptions: new Set(),
    hasLocalReference: false,
    buildsFromSource: false,
  };
  collectFile(collector, file, "requirements");
  const { lines, constraints, flags, names, files, ignoredOptions, hasLocalReference, buildsFromSource } = collector;
  // As pip has it: one hash asks for hashes of all.
  const isLocked = flags.has("--require-hashes") || lines.some((line) => line.includes(" --hash="));
  if (isLocked) flags.add("--require-hashes");
  return {
    lines,
    constraints,
    flags: [...flags],
    names: [...names],
    files: [...files],
    ignoredOptions: [...ignoredOptions],
    hasLocalReference,
    isLocked,
    buildsFromSource,
  };
}

function collectFile(collector: Collector, file: ConfigFile, as: "requirements" | "constraints"): void {
  // A file may include itself, or two files each other: the second reading adds nothing.
  const key = `${as} ${file.path}`;
  if (collector.visited.has(key)) return;
  collector.visited.add(key);
  collector.files.add(file.path);
  for (const { text, line } of logicalLines(file.text)) {
    const parsed = parseRequirementLine(text);
    if (typeof parsed === "string") throw invalidFile(file.path, parsed, { line });
    for (const item of parsed) collectLine(collector, { file, line, as, item });
  }
}

interface Place {
  readonly file: ConfigFile;
  readonly line: number;
  readonly as: "requirements" | "constraints";
  readonly item: RequirementLine;
}

function collectLine(collector: Collector, place: Place): void {
  const { file, line, as, item } = place;
  const output = as === "constraints" ? collector.constraints : collector.lines;
  switch (item.kind) {
    case "include":
      return collectInclude(collector, place, item);
    case "option":
      return collectOption(collector, file, item);
    case "target": {
      if (isLocalReference(item.target)) collector.hasLocalReference = true;
      if (/\.(tar\.(gz|bz2|xz)|tgz|zip)(#|$)/i.test(item.target)) collector.buildsFromSource = true;
      const marker = item.marker === undefined ? "" : ` ; ${item.marker}`;
      output.push(`${item.isEditable ? "-e " : ""}${item.target}${marker}${formatHashes(item.hashes)}`);
      return;
    }
    case "requirement": {
      const { requirement, hashes, settings } = item;
      if (requirement.url !== undefined && isLocalReference(requirement.url)) collector.hasLocalReference = true;
      for (const setting of settings) collector.flags.add(`--config-settings-package=${requirement.name}:${setting}`);
      if (as === "requirements") collector.names.add(normalizeName(requirement.name));
      output.push(`${formatRequirement(requirement)}${formatHashes(hashes)}`);
      return;
    }
    default:
      throw invalidFile(file.path, "a line of an unknown kind", { line });
  }
}

function formatHashes(hashes: readonly string[]): string {
  return hashes.map((hash) => ` --hash=${hash}`).join("");
}

function collectInclude(
  collector: Collector,
  place: Place,
  item: RequirementLine & { readonly kind: "include" },
): void {
  const { file, line, as } = place;
  const target = as === "constraints" ? "constraints" : item.as;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(item.path)) {
    const output = target === "constraints" ? collector.constraints : collector.lines;
    output.push(`${target === "constraints" ? "-c" : "-r"} ${item.path}`);
    return;
  }
  const path = resolveInside(file.path, item.path);
  if (path === undefined) {
    throw invalidFile(file.path, `"${item.path}" leads out of the repository`, { line });
  }
  const text = collector.tree.readText(path);
  if (text === undefined) throw invalidFile(file.path, `"${path}" is included and not in the repository`, { line });
  collectFile(collector, { path, text }, target);
}

/** Options that uv leaves out of account in a file and takes on its command line. */
function collectOption(
  collector: Collector,
  file: ConfigFile,
  item: RequirementLine & { readonly kind: "option" },
): void {
  const value = item.value ?? "";
  switch (item.name) {
    case "--pre":
      collector.flags.add("--prerelease=allow");
      return;
    case "--trusted-host":
      collector.flags.add(`--allow-insecure-host=${value}`);
      return;
    case "--require-hashes":
      collector.flags.add("--require-hashes");
      return;
    case "--find-links":
      collectFindLinks(collector, file, value);
      return;
    case "--prefer-binary":
    case "--use-feature":
      collector.ignoredOptions.add(item.name);
      return;
    default:
      if (item.name === "--no-binary" && value !== ":none:") collector.buildsFromSource = true;
      collector.lines.push(value === "" ? item.name : `${item.name} ${value}`);
  }
}

/** pip looks beside the file first, then in the working folder. */
function collectFindLinks(collector: Collector, file: ConfigFile, value: string): void {
  const isRemote = /^https?:\/\//i.test(value);
  if (!isRemote) collector.hasLocalReference = true;
  const beside = isRemote ? undefined : resolveInside(file.path, value);
  const found = beside !== undefined && (beside === "" || collector.tree.isDirectory(beside)) ? `./${beside}` : value;
  collector.flags.add(`--find-links=${found}`);
}
