import { invalidFile, type ConfigFile } from "../../detect/config-file.ts";
import { configPath, type ConfigDirectory } from "../../detect/config-directory.ts";
import type { RepoTree } from "../../tree/repo-tree.ts";
import { type Marker, parseMarker } from "../marker/marker.ts";
import { normalizeName } from "../requirement.ts";
import { asTable, asText, asTexts, readToml, type Table } from "../toml-file.ts";
import { poetrySpecifiers } from "./poetry-constraint.ts";

/** A dependency as Poetry writes it, in `pyproject.toml` and in the lock. */
export interface PoetryDependency {
  /** Normalised. */
  readonly name: string;
  /** PEP 440 specifiers of which one has to hold; none for anything. */
  readonly specifiers: readonly string[];
  readonly extras: readonly string[];
  readonly isOptional: boolean;
  readonly marker?: Marker;
}

/** What `pyproject.toml` says to Poetry. */
export interface PoetryProject {
  /** Groups that are installed only when somebody asks for them. */
  readonly optionalGroups: readonly string[];
  /** Dependencies of the project and of all groups but the optional ones; without those that only an extra brings. */
  readonly dependencies: readonly PoetryDependency[];
  /** Whether the repository is installed as a package: it is to be one, and its module is there. */
  readonly isPackage: boolean;
}

/**
 * Reads what `pyproject.toml` says to Poetry, in the form of any version of it.
 * @param tree tells whether the package's folder is there: many a project is only a list of dependencies and does not say
 * so, and Poetry 1 then just goes on
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed and for other shapes
 * Source: python-poetry.org, "The pyproject.toml file"
 */
export function readPoetryProject(tree: RepoTree, directory: ConfigDirectory, file: ConfigFile): PoetryProject {
  const content = readToml(file);
  const table = (parent: Table | undefined, name: string): Table | undefined => asTable(file, parent?.[name], name);
  const poetry = table(table(content, "tool"), "poetry") ?? {};
  const groups = Object.entries(table(poetry, "group") ?? {}).map(([name, value]) => {
    const group = asTable(file, value, name) ?? {};
    return { name: normalizeName(name), isOptional: group["optional"] === true, group };
  });
  const lists = [
    table(poetry, "dependencies"),
    table(poetry, "dev-dependencies"),
    ...groups.filter(({ isOptional }) => !isOptional).map(({ group }) => table(group, "dependencies")),
  ];
  const name = asText(file, table(content, "project")?.["name"] ?? poetry["name"], "name");
  const hasModule =
    poetry["packages"] !== undefined || moduleNames(name).some((path) => isModule(tree, configPath(directory, path)));
  return {
    optionalGroups: groups.filter(({ isOptional }) => isOptional).map((group) => group.name),
    dependencies: lists.flatMap((list) => readDependencies(file, list ?? {})).filter((one) => !one.isOptional),
    isPackage: content["build-system"] !== undefined && poetry["package-mode"] !== false && hasModule,
  };
}

function moduleNames(name: string | undefined): readonly string[] {
  if (name === undefined) return [];
  const module = name.replaceAll(/[-.]+/g, "_");
  return [...new Set([module, module.toLowerCase()])].flatMap((text) => [text, `src/${text}`, `${text}.py`]);
}

function isModule(tree: RepoTree, path: string): boolean {
  return tree.isDirectory(path) || (path.endsWith(".py") && tree.readText(path) !== undefined);
}

/**
 * Reads a table of dependencies: name to version, to a table, or to a list of tables for different places.
 * @throws E_RECIPE_FILE_INVALID for other shapes
 */
export function readDependencies(file: ConfigFile, table: Table): readonly PoetryDependency[] {
  return Object.entries(table)
    .filter(([name]) => name.toLowerCase() !== "python")
    .flatMap(([name, value]) => {
      const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
      return entries.map((entry) => readDependency(file, normalizeName(name), entry));
    });
}

function readDependency(file: ConfigFile, name: string, value: unknown): PoetryDependency {
  const table = typeof value === "string" ? { version: value } : asTable(file, value, name);
  const version = asText(file, table?.["version"], `${name}.version`);
  const markers = [
    asText(file, table?.["markers"], `${name}.markers`),
    ...pythonMarkers(asText(file, table?.["python"], `${name}.python`)),
    ...platformMarkers(asText(file, table?.["platform"], `${name}.platform`)),
  ].filter((text) => text !== undefined && text !== "");
  const marker = markers.length === 0 ? undefined : parseMarker(markers.map((text) => `(${text})`).join(" and "));
  if (typeof marker === "string") throw invalidFile(file.path, marker);
  return {
    name,
    specifiers: version === undefined ? [] : poetrySpecifiers(version),
    extras: asTexts(file, table?.["extras"] ?? [], `${name}.extras`),
    isOptional: table?.["optional"] === true,
    ...(marker === undefined ? {} : { marker }),
  };
}

/** `python = "<3.10"` of a dependency, as a marker. */
function pythonMarkers(constraint: string | undefined): readonly string[] {
  const alternatives = constraint === undefined ? [] : poetrySpecifiers(constraint);
  if (alternatives.length === 0 || alternatives.includes("")) return [];
  const clauses = alternatives.map((specifier) =>
    specifier
      .split(",")
      .map((clause) =>
        clause.replace(/^(?<operator>[<>=!~]+)(?<version>.*)$/, 'python_full_version $<operator> "$<version>"'),
      )
      .join(" and "),
  );
  return [clauses.map((clause) => `(${clause})`).join(" or ")];
}

function platformMarkers(platform: string | undefined): readonly string[] {
  return platform === undefined ? [] : [`sys_platform == "${platform}"`];
}
