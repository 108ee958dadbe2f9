import { invalidFile, type ConfigFile } from "../../detect/config-file.ts";
import { parseMarker, type Marker } from "../marker/marker.ts";
import type { MarkerEnvironment } from "../marker/simplify-marker.ts";
import { normalizeName, parseRequirement, specifierAllows } from "../requirement.ts";
import { asTable, asTables, asText, asTexts, readToml, type Table } from "../toml-file.ts";
import { indexOrigin, isFileForMachine, type PackageOrigin, type PinnedPackage } from "./pinned-package.ts";
import { poetrySpecifiers } from "./poetry-constraint.ts";
import { type PoetryDependency, type PoetryProject, readDependencies } from "./poetry-project.ts";
import type { LockTarget, PythonLock } from "./python-lock.ts";
import { type Edge, walkDependencies } from "./walk-dependencies.ts";

/** One package of the lock. */
interface PoetryPackage {
  /** Normalised. */
  readonly name: string;
  readonly version: string;
  readonly isOptional: boolean;
  readonly pythons: readonly string[];
  /** The groups that need it, with where they do; none in locks of Poetry 1. */
  readonly groups: ReadonlyMap<string, Marker | undefined>;
  readonly dependencies: readonly PoetryDependency[];
  readonly extras: Table;
  readonly source: Table | undefined;
  readonly files: readonly { readonly name: string; readonly hash: string }[];
}

/**
 * Reads `poetry.lock` of every version of Poetry. As `poetry install` does, the project is installed with all groups
 * that are not optional, without extras.
 * @param project what the `pyproject.toml` beside it says; without one all packages that are not optional count
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed and for other shapes
 * Source: poetry, `packages/locker.py`; formats 1.0 to 2.1
 */
export function readPoetryLock(file: ConfigFile, project: PoetryProject | undefined): PythonLock {
  const content = readToml(file);
  const metadata = asTable(file, content["metadata"], "metadata") ?? {};
  const oldFiles = asTable(file, metadata["files"], "metadata.files") ?? {};
  const packages = asTables(file, content["package"], "package").map((table) => readPackage(file, table, oldFiles));
  const pythons = asText(file, metadata["python-versions"], "metadata.python-versions");
  // Where several ranges are allowed, the last one is of the newest Pythons.
  const requiresPython = pythons === undefined ? undefined : poetrySpecifiers(pythons).at(-1);
  const skipped = project?.optionalGroups ?? [];
  const hasGroups = packages.some(({ groups }) => groups.size > 0);
  return {
    ...(requiresPython === undefined || requiresPython === "" ? {} : { requiresPython }),
    choose: (target) => {
      const environment = { ...target, extras: new Set<string>(), groups: new Set<string>() };
      const isByGroup = hasGroups || project === undefined;
      const roots = isByGroup
        ? groupEdges(packages, skipped)
        : project.dependencies.flatMap((one) => edgesTo(packages, one, environment));
      const edgesOf = (one: PoetryPackage, extra: string | undefined): readonly Edge<PoetryPackage>[] =>
        isByGroup ? [] : dependenciesOf(one, extra).flatMap((dependency) => edgesTo(packages, dependency, environment));
      return [...walkDependencies(roots, edgesOf, environment)].map(([one, marker]) => pin(file, one, marker, target));
    },
    contents: "the project with its groups that are not optional",
    decisions: skipped.map((group) => ({
      subject: `${file.path}: group ${group}`,
      outcome: "ignored" as const,
      reason: "it is optional",
    })),
    ...(project === undefined ? {} : { installsRepository: project.isPackage }),
  };
}

function readPackage(file: ConfigFile, table: Table, oldFiles: Table): PoetryPackage {
  const name = asText(file, table["name"], "package.name");
  const version = asText(file, table["version"], `${name ?? ""}.version`);
  if (name === undefined || version === undefined) throw invalidFile(file.path, "a package has no name or version");
  const files = asTables(file, table["files"] ?? oldFiles[name], `${name}.files`);
  return {
    name: normalizeName(name),
    version,
    isOptional: table["optional"] === true,
    pythons: poetrySpecifiers(asText(file, table["python-versions"], `${name}.python-versions`) ?? "*"),
    groups: readGroups(file, table, name),
    dependencies: readDependencies(file, asTable(file, table["dependencies"], `${name}.dependencies`) ?? {}),
    extras: asTable(file, table["extras"], `${name}.extras`) ?? {},
    source: asTable(file, table["source"], `${name}.source`),
    files: files.map((one) => ({
      name: asText(file, one["file"], `${name}: file`) ?? "",
      hash: asText(file, one["hash"], `${name}: hash`) ?? "",
    })),
  };
}

/** `markers` is a text for all groups, or a table with one for some of them. */
function readGroups(file: ConfigFile, table: Table, name: string): ReadonlyMap<string, Marker | undefined> {
  const groups = asTexts(file, table["groups"] ?? [], `${name}.groups`);
  const { markers } = table;
  const markerOf = (group: string): Marker | undefined => {
    const value = typeof markers === "string" ? markers : asTable(file, markers, `${name}.markers`)?.[group];
    const text = asText(file, value, `${name}.markers`);
    const marker = text === undefined ? undefined : parseMarker(text);
    if (typeof marker === "string") throw invalidFile(file.path, marker);
    return marker;
  };
  return new Map(groups.map((group) => [normalizeName(group), markerOf(group)]));
}

/** Locks that name the groups of every package need no walk: each package is a root, where one of its groups counts. */
function groupEdges(packages: readonly PoetryPackage[], skipped: readonly string[]): readonly Edge<PoetryPackage>[] {
  return packages.flatMap((to): readonly Edge<PoetryPackage>[] => {
    if (to.groups.size === 0) return to.isOptional ? [] : [{ to, extras: [] }];
    const counting = [...to.groups].filter(([group]) => !skipped.includes(group));
    return counting.map(([, marker]) => ({ to, extras: [], ...(marker === undefined ? {} : { marker }) }));
  });
}

/** What a package needs by itself, or for one of its extras, of which the lock lists the requirements as texts. */
function dependenciesOf(one: PoetryPackage, extra: string | undefined): readonly PoetryDependency[] {
  if (extra === undefined) return one.dependencies.filter(({ isOptional }) => !isOptional);
  const listed = Object.entries(one.extras).find(([name]) => normalizeName(name) === normalizeName(extra))?.[1];
  const names = (Array.isArray(listed) ? listed : []).map((text: unknown) => {
    const requirement = typeof text === "string" ? parseRequirement(text) : "";
    return typeof requirement === "string" ? "" : normalizeName(requirement.name);
  });
  // The marker of an optional dependency asks for the extra, which is just what was chosen here.
  return one.dependencies.filter(({ name, isOptional }) => isOptional && names.includes(name)).map(withoutExtra);
}

function withoutExtra(dependency: PoetryDependency): PoetryDependency {
  const { marker, ...rest } = dependency;
  const kept = marker === undefined ? undefined : dropExtra(marker);
  return kept === undefined ? rest : { ...rest, marker: kept };
}

function dropExtra(marker: Marker): Marker | undefined {
  if (marker.kind === "compare")
    return "variable" in marker.left && marker.left.variable === "extra" ? undefined : marker;
  const parts = marker.parts.map(dropExtra).filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : { kind: marker.kind, parts };
}

function edgesTo(
  packages: readonly PoetryPackage[],
  dependency: PoetryDependency,
  { python }: MarkerEnvironment,
): readonly Edge<PoetryPackage>[] {
  return packages
    .filter((one) => one.name === dependency.name && isAllowed(one, dependency, python))
    .map((to) => ({
      to,
      extras: dependency.extras,
      ...(dependency.marker === undefined ? {} : { marker: dependency.marker }),
    }));
}

/** With several versions of one name in a lock, the one that fits counts. */
function isAllowed(one: PoetryPackage, { specifiers }: PoetryDependency, python: string): boolean {
  const versions =
    python.split(".").length > 2 ? [python] : Array.from({ length: 30 }, (_, patch) => `${python}.${patch}`);
  const fitsPython =
    one.pythons.length === 0 || one.pythons.some((text) => versions.some((version) => specifierAllows(text, version)));
  return fitsPython && (specifiers.length === 0 || specifiers.some((text) => specifierAllows(text, one.version)));
}

function pin(file: ConfigFile, one: PoetryPackage, marker: string | undefined, target: LockTarget): PinnedPackage {
  const files = one.files.filter(({ name }) => isFileForMachine(name, target.machine));
  const origin = readSource(file, one);
  return {
    name: one.name,
    version: one.version,
    origin,
    ...(marker === undefined ? {} : { marker }),
    hashes: files.map(({ hash }) => hash).filter((hash) => hash !== ""),
    isSourceOnly: origin.kind === "index" && files.length > 0 && !files.some(({ name }) => name.endsWith(".whl")),
  };
}

function readSource(file: ConfigFile, { name, source }: PoetryPackage): PackageOrigin {
  const text = (key: string): string | undefined => asText(file, source?.[key], `${name}.source.${key}`);
  const url = text("url");
  switch (text("type")) {
    case undefined:
      return { kind: "index" };
    case "legacy":
      return indexOrigin(url);
    case "git": {
      const [commit, subdirectory] = [text("resolved_reference") ?? text("reference"), text("subdirectory")];
      return {
        kind: "git",
        url: url ?? "",
        ...(commit === undefined ? {} : { commit }),
        ...(subdirectory === undefined ? {} : { subdirectory }),
      };
    }
    case "url":
      return { kind: "url", url: url ?? "" };
    default:
      return { kind: "path", path: url ?? "" };
  }
}
