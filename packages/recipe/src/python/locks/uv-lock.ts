import { invalidFile, type ConfigFile } from "../../detect/config-file.ts";
import { type Marker, parseMarker } from "../marker/marker.ts";
import { simplifyMarker, type MarkerEnvironment } from "../marker/simplify-marker.ts";
import { normalizeName } from "../requirement.ts";
import { asTable, asTables, asText, asTexts, readToml, type Table } from "../toml-file.ts";
import { indexOrigin, isFileForMachine, type PackageOrigin, type PinnedPackage } from "./pinned-package.ts";
import type { LockTarget, PythonLock } from "./python-lock.ts";
import { type Edge, walkDependencies } from "./walk-dependencies.ts";

/** One package of the lock, its dependencies still by name. */
interface UvPackage {
  readonly name: string;
  readonly version?: string;
  readonly source: Table;
  readonly forks: readonly Marker[];
  readonly dependencies: readonly Table[];
  readonly extras: Readonly<Record<string, readonly Table[]>>;
  readonly groups: Readonly<Record<string, readonly Table[]>>;
  readonly files: readonly { readonly name: string; readonly hash?: string }[];
}

/**
 * Reads `uv.lock`. As `uv sync` does, the project with its default groups is installed; a workspace without a project
 * of its own is all of its members.
 * @param pyproject the `pyproject.toml` beside it, for `tool.uv.default-groups`
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed, other shapes, and versions that are not known
 * Source: uv, `crates/uv-resolver/src/lock`; format version 1
 */
export function readUvLock(file: ConfigFile, pyproject: ConfigFile | undefined): PythonLock {
  const content = readToml(file);
  if (content["version"] !== 1) {
    throw invalidFile(file.path, `its format ${JSON.stringify(content["version"])} is not known; 1 is`, {
      hint: "write the lock anew with uv 0.13, or export it with: uv export --output-file requirements.txt",
    });
  }
  const packages = asTables(file, content["package"], "package").map((table) => readPackage(file, table));
  const roots = rootPackages(file, content, packages);
  const manifest = asTable(file, content["manifest"], "manifest") ?? {};
  const ownGroups = readLists(file, manifest["dependency-groups"], "manifest.dependency-groups");
  const known = new Set([...roots.flatMap((root) => Object.keys(root.groups)), ...Object.keys(ownGroups)]);
  const groups = defaultGroups(pyproject, known);
  const requiresPython = asText(file, content["requires-python"], "requires-python");
  return {
    ...(requiresPython === undefined ? {} : { requiresPython }),
    choose: (target) => choose(file, packages, { roots, groups, ownGroups }, target),
    contents: groups.length === 0 ? "the project without groups" : `the project with its groups ${groups.join(", ")}`,
    decisions: [...known]
      .filter((group) => !groups.includes(group))
      .map((group) => ({
        subject: `${file.path}: group ${group}`,
        outcome: "ignored" as const,
        reason: "it is not among tool.uv.default-groups",
      })),
    // It is among the packages when it is one.
    installsRepository: false,
  };
}

function readPackage(file: ConfigFile, table: Table): UvPackage {
  const name = asText(file, table["name"], "package.name");
  if (name === undefined) throw invalidFile(file.path, "a package has no name");
  const version = asText(file, table["version"], `${name}.version`);
  const sdist = asTable(file, table["sdist"], `${name}.sdist`);
  const files = [...asTables(file, table["wheels"], `${name}.wheels`), ...(sdist === undefined ? [] : [sdist])];
  return {
    name,
    ...(version === undefined ? {} : { version }),
    source: asTable(file, table["source"], `${name}.source`) ?? {},
    forks: asTexts(file, table["resolution-markers"] ?? [], `${name}.resolution-markers`).map((text) =>
      readMarker(file, text),
    ),
    dependencies: asTables(file, table["dependencies"], `${name}.dependencies`),
    extras: readLists(file, table["optional-dependencies"], `${name}.optional-dependencies`),
    groups: readLists(file, table["dev-dependencies"], `${name}.dev-dependencies`),
    files: files.map((one) => {
      const hash = asText(file, one["hash"], `${name}: hash`);
      const place = [one["url"], one["path"], one["filename"]].find((value) => typeof value === "string");
      return { name: place ?? "", ...(hash === undefined ? {} : { hash }) };
    }),
  };
}

function readLists(file: ConfigFile, value: unknown, name: string): Record<string, readonly Table[]> {
  const entries = Object.entries(asTable(file, value, name) ?? {});
  return Object.fromEntries(entries.map(([key, list]) => [normalizeName(key), asTables(file, list, `${name}.${key}`)]));
}

function readMarker(file: ConfigFile, text: string): Marker {
  const marker = parseMarker(text);
  if (typeof marker === "string") throw invalidFile(file.path, marker);
  return marker;
}

/** The package that lies beside the lock, else all members of the workspace. */
function rootPackages(file: ConfigFile, content: Table, packages: readonly UvPackage[]): readonly UvPackage[] {
  const own = packages.filter(({ source }) =>
    [source["editable"], source["virtual"], source["directory"]].includes("."),
  );
  if (own.length > 0) return own;
  const members = asTexts(file, asTable(file, content["manifest"], "manifest")?.["members"] ?? [], "manifest.members");
  return packages.filter(({ name }) => members.includes(name));
}

/** @returns the groups of `tool.uv.default-groups` that the lock has; `dev` when it says nothing */
function defaultGroups(pyproject: ConfigFile | undefined, known: ReadonlySet<string>): readonly string[] {
  const tool = pyproject === undefined ? undefined : asTable(pyproject, readToml(pyproject)["tool"], "tool");
  const uv = pyproject === undefined ? undefined : asTable(pyproject, tool?.["uv"], "tool.uv");
  const asked = uv?.["default-groups"] ?? ["dev"];
  if (asked === "all") return [...known].toSorted();
  const names = pyproject === undefined ? ["dev"] : asTexts(pyproject, asked, "tool.uv.default-groups");
  return names.map(normalizeName).filter((name) => known.has(name));
}

interface Selection {
  readonly roots: readonly UvPackage[];
  readonly groups: readonly string[];
  readonly ownGroups: Readonly<Record<string, readonly Table[]>>;
}

function choose(
  file: ConfigFile,
  packages: readonly UvPackage[],
  { roots, groups, ownGroups }: Selection,
  target: LockTarget,
): readonly PinnedPackage[] {
  const environment: MarkerEnvironment = {
    ...target,
    // Where groups exclude each other, uv writes them into markers as extras of this spelling.
    extras: new Set(roots.flatMap(({ name }) => groups.map((group) => `group-${name.length}-${name}-${group}`))),
    groups: new Set(groups),
  };
  const index = { file, environment, byName: Map.groupBy(packages, ({ name }) => name) };
  const tables = groups.flatMap((group) => [
    ...roots.flatMap((root) => root.groups[group] ?? []),
    ...(ownGroups[group] ?? []),
  ]);
  const edges = [...roots.map((to) => ({ to, extras: [] })), ...tables.map((table) => readEdge(index, table))];
  const edgesOf = (one: UvPackage, extra: string | undefined): readonly Edge<UvPackage>[] =>
    (extra === undefined ? one.dependencies : (one.extras[normalizeName(extra)] ?? [])).map((table) =>
      readEdge(index, table),
    );
  return [...walkDependencies(edges, edgesOf, environment)].flatMap(([one, marker]) => pin(file, one, marker, target));
}

interface Index {
  readonly file: ConfigFile;
  readonly environment: MarkerEnvironment;
  readonly byName: ReadonlyMap<string, readonly UvPackage[]>;
}

/** A dependency names version and source only where the lock has several packages of that name. */
function readEdge({ file, environment, byName }: Index, table: Table): Edge<UvPackage> {
  const name = asText(file, table["name"], "dependencies.name") ?? "";
  const version = asText(file, table["version"], `${name}: version`);
  const marker = asText(file, table["marker"], `${name}: marker`);
  const source = table["source"] === undefined ? undefined : JSON.stringify(table["source"]);
  const candidates = (byName.get(name) ?? []).filter(
    (one) =>
      (version === undefined || one.version === version) &&
      (source === undefined || JSON.stringify(one.source) === source),
  );
  const fork = ({ forks }: UvPackage): boolean =>
    forks.length === 0 || forks.some((part) => simplifyMarker(part, environment) !== false);
  const to = candidates.length > 1 ? candidates.find(fork) : candidates[0];
  if (to === undefined) throw invalidFile(file.path, `the lock has no package "${name}", which another one needs`);
  const extras = asTexts(file, table["extra"] ?? table["extras"] ?? [], `${name}: extra`);
  return { to, extras, ...(marker === undefined ? {} : { marker: readMarker(file, marker) }) };
}

function pin(
  file: ConfigFile,
  one: UvPackage,
  marker: string | undefined,
  target: LockTarget,
): readonly PinnedPackage[] {
  const origin = readSource(file, one.source);
  if (origin === undefined) return [];
  const files = one.files.filter(({ name }) => isFileForMachine(name, target.machine));
  return [
    {
      name: one.name,
      ...(one.version === undefined ? {} : { version: one.version }),
      origin,
      ...(marker === undefined ? {} : { marker }),
      hashes: files.flatMap(({ hash }) => (hash === undefined ? [] : [hash])),
      isSourceOnly: origin.kind === "index" && !files.some(({ name }) => name.endsWith(".whl")),
    },
  ];
}

/** @returns `undefined` for a project that is only a list of dependencies */
function readSource(file: ConfigFile, source: Table): PackageOrigin | undefined {
  const text = (key: string): string | undefined => asText(file, source[key], `source.${key}`);
  const [registry, url, git] = [text("registry"), text("url"), text("git")];
  const path = text("path") ?? text("directory") ?? text("editable");
  if (registry !== undefined) return indexOrigin(registry);
  if (url !== undefined) return { kind: "url", url };
  if (git !== undefined) return gitOrigin(file, git);
  return path === undefined ? undefined : { kind: "path", path };
}

/** Such as `https://example.org/x.git?subdirectory=a&rev=main#0123…`. */
function gitOrigin(file: ConfigFile, text: string): PackageOrigin {
  if (!URL.canParse(text)) throw invalidFile(file.path, `"${text}" is not the address of a git repository`);
  const url = new URL(text);
  const subdirectory = url.searchParams.get("subdirectory");
  const commit = url.hash.slice(1);
  url.search = "";
  url.hash = "";
  return {
    kind: "git",
    url: url.toString(),
    ...(commit === "" ? {} : { commit }),
    ...(subdirectory === null ? {} : { subdirectory }),
  };
}
