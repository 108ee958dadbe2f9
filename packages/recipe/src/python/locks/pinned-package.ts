import { invalidFile, type ConfigFile } from "../../detect/config-file.ts";
import type { RepoTree } from "../../tree/repo-tree.ts";
import { readRequirements, type RequirementSet } from "../requirements-file.ts";
import { resolveInside } from "../../tree/resolve-inside.ts";

/** Where a package of a lock comes from. */
export type PackageOrigin =
  /** The machine's Python index, or another one. */
  | { readonly kind: "index"; readonly url?: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "git"; readonly url: string; readonly commit?: string; readonly subdirectory?: string }
  /** A folder or archive of the repository, relative to the lock's folder. */
  | { readonly kind: "path"; readonly path: string };

/** A package of a lock that belongs into the environment. */
export interface PinnedPackage {
  readonly name: string;
  /** Missing where the origin alone says what is meant. */
  readonly version?: string;
  readonly origin: PackageOrigin;
  readonly extras?: readonly string[];
  /** What only the image can decide. */
  readonly marker?: string;
  /** Such as `sha256:0123…`; empty when the lock has none. */
  readonly hashes: readonly string[];
  /** Whether the lock has no wheel of it, so that it is built from source. */
  readonly isSourceOnly: boolean;
}

/** Packages of a lock in the form in which they are installed. */
export interface PinnedSets {
  /** From indexes and addresses. */
  readonly early: RequirementSet;
  /** From the repository itself. */
  readonly late?: RequirementSet;
}

/**
 * Turns packages of a lock into requirement lines. Nothing is resolved when they are installed: what the lock has is
 * complete, and may differ on purpose from what the packages ask for.
 * @throws E_RECIPE_FILE_INVALID when a name, version, address or path is not what it should be
 */
export function pinnedSets(tree: RepoTree, file: ConfigFile, packages: readonly PinnedPackage[]): PinnedSets {
  const [early, late] = [false, true].map((isLocal) => {
    const chosen = packages.filter(({ origin }) => (origin.kind === "path") === isLocal);
    const lines = [...indexLines(chosen), ...chosen.map((one) => pinnedLine(file, one)).toSorted()];
    const set = readRequirements(tree, { path: file.path, text: lines.join("\n") });
    const isSourceOnly = !isLocal && chosen.some((one) => one.isSourceOnly);
    return {
      ...set,
      isLocked: true,
      hasLocalReference: isLocal,
      flags: [...set.flags, "--no-deps"],
      buildsFromSource: set.buildsFromSource || isSourceOnly,
    };
  });
  return { early: early ?? emptyOf(tree, file), ...(late === undefined || late.lines.length === 0 ? {} : { late }) };
}

function emptyOf(tree: RepoTree, file: ConfigFile): RequirementSet {
  return readRequirements(tree, { path: file.path, text: "" });
}

/** Every version is pinned, so all indexes may be asked for every package. */
function indexLines(packages: readonly PinnedPackage[]): readonly string[] {
  const urls = packages.map(({ origin }) => (origin.kind === "index" ? origin.url : undefined));
  return [...new Set(urls)].filter((url) => url !== undefined).map((url) => `--extra-index-url ${url}`);
}

function pinnedLine(file: ConfigFile, one: PinnedPackage): string {
  const extras = one.extras === undefined || one.extras.length === 0 ? "" : `[${one.extras.join(",")}]`;
  const marker = one.marker === undefined ? "" : ` ; ${one.marker}`;
  const hashes = one.origin.kind === "git" ? [] : one.hashes;
  const line = `${target(file, one, extras)}${marker}${hashes.map((hash) => ` --hash=${hash}`).join("")}`;
  if (/[\r\n\\#]\s|[\r\n]/.test(line) || line.startsWith("-")) {
    throw invalidFile(file.path, `${JSON.stringify(line)} is no package that can be installed`);
  }
  return line;
}

function target(file: ConfigFile, one: PinnedPackage, extras: string): string {
  const { name, version, origin } = one;
  switch (origin.kind) {
    case "index":
      if (version === undefined) throw invalidFile(file.path, `the package "${name}" has no version`);
      return `${name}${extras}==${version}`;
    case "url":
      return `${name}${extras} @ ${origin.url}`;
    case "git": {
      const commit = origin.commit === undefined ? "" : `@${origin.commit}`;
      const folder = origin.subdirectory === undefined ? "" : `#subdirectory=${origin.subdirectory}`;
      return `${name}${extras} @ git+${origin.url}${commit}${folder}`;
    }
    case "path": {
      if (resolveInside(file.path, origin.path) === undefined) {
        throw invalidFile(file.path, `"${origin.path}" leads out of the repository`);
      }
      return `./${resolvedPath(origin.path)}${extras}`;
    }
    default:
      return origin satisfies never;
  }
}

/** Without the `./` that it may start with. */
function resolvedPath(path: string): string {
  return path.replace(/^(?:\.\/+)+/, "").replace(/^\.$/, "");
}

/** @returns the origin of a package of an index; the public one is left to the machine's settings */
export function indexOrigin(url: string | undefined): PackageOrigin {
  const isPublic = url === undefined || /^https?:\/\/(pypi\.org|pypi\.python\.org)(\/simple)?\/*$/.test(url);
  return isPublic ? { kind: "index" } : { kind: "index", url };
}

/** Whether a file of a lock may be installed on Linux on a machine: a wheel for it or for any, or a source archive. */
export function isFileForMachine(name: string, machine: string): boolean {
  if (!/\.whl(?:[?#].*)?$/i.test(name)) return true;
  return /-any\.whl/i.test(name) || (/linux/i.test(name) && name.includes(machine));
}
