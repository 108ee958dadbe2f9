import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { asTable, asText, asTexts, readToml, type Table } from "../python/toml-file.ts";

/** What a pixi project without a lock asks for. */
export interface PixiProject {
  /** As written, the first one first. */
  readonly channels: readonly string[];
  /** Match specifications. */
  readonly specs: readonly string[];
  /** Lines as of a requirements file. */
  readonly pipLines: readonly string[];
}

/** Whether a `pyproject.toml` is a project of pixi. */
export function isPixiPyproject(file: ConfigFile): boolean {
  return asTable(file, asTable(file, readToml(file)["tool"], "tool")?.["pixi"], "tool.pixi") !== undefined;
}

/**
 * Reads `pixi.toml`, or the table `tool.pixi` of `pyproject.toml`: the environment `default` for a platform.
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed and for other shapes
 * Source: pixi.sh, "The Pixi Manifest"
 */
export function readPixiProject(file: ConfigFile, subdir: string): PixiProject {
  const content = readToml(file);
  const isPyproject = file.path.endsWith("pyproject.toml");
  const pixi = isPyproject ? (asTable(file, tableIn(file, content, "tool")?.["pixi"], "tool.pixi") ?? {}) : content;
  const workspace = tableIn(file, pixi, "workspace") ?? tableIn(file, pixi, "project") ?? {};
  const tables = featureTables(file, pixi).flatMap((feature) => {
    const target = tableIn(file, feature, "target") ?? {};
    return [feature, ...["unix", "linux", subdir].map((name) => tableIn(file, target, name) ?? {})];
  });
  const merge = (key: string): Table => Object.assign({}, ...tables.map((table) => tableIn(file, table, key) ?? {}));
  const project = isPyproject ? (tableIn(file, content, "project") ?? {}) : {};
  const python = asText(file, project["requires-python"], "project.requires-python");
  return {
    channels: channelNames(file, workspace["channels"]),
    specs: [
      ...Object.entries({ ...merge("host-dependencies"), ...merge("dependencies") }).map(([name, value]) =>
        condaSpec(file, name, value),
      ),
      ...(python === undefined ? [] : [`python ${python.replaceAll(/\s/g, "")}`]),
    ],
    pipLines: [
      ...asTexts(file, project["dependencies"] ?? [], "project.dependencies"),
      ...Object.entries(merge("pypi-dependencies")).map(([name, value]) => pipLine(file, name, value)),
    ],
  };
}

function tableIn(file: ConfigFile, table: Table, key: string): Table | undefined {
  return asTable(file, table[key], key);
}

/** The tables of the environment `default`: the project's own and those of the features that it lists. */
function featureTables(file: ConfigFile, pixi: Table): readonly Table[] {
  const value = tableIn(file, pixi, "environments")?.["default"];
  const listed = Array.isArray(value) ? value : (asTable(file, value, "environments.default")?.["features"] ?? []);
  const features = tableIn(file, pixi, "feature") ?? {};
  return [pixi, ...asTexts(file, listed, "environments.default").map((name) => tableIn(file, features, name) ?? {})];
}

/** A channel is a text, or a table with its priority. */
function channelNames(file: ConfigFile, value: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries.map((entry) => {
    const name =
      typeof entry === "string" ? entry : asText(file, asTable(file, entry, "channels")?.["channel"], "channel");
    if (name === undefined) throw invalidFile(file.path, "a channel has no name");
    return name;
  });
}

function condaSpec(file: ConfigFile, name: string, value: unknown): string {
  if (typeof value === "string") return value === "*" ? name : `${name} ${value.replaceAll(/\s/g, "")}`;
  const table = asTable(file, value, name) ?? {};
  const text = (key: string): string | undefined => asText(file, table[key], `${name}.${key}`);
  const unsupported = ["git", "path", "url"].find((key) => table[key] !== undefined);
  if (unsupported !== undefined)
    throw invalidFile(file.path, `"${name}" is built from ${unsupported}, which only pixi itself does`);
  const parts = (["version", "build", "subdir"] as const).flatMap((key) => {
    const part = text(key);
    return part === undefined || part === "*" ? [] : [`${key}='${part}'`];
  });
  const channel = text("channel");
  return `${channel === undefined ? "" : `${channel}::`}${name}${parts.length === 0 ? "" : `[${parts.join(",")}]`}`;
}

function pipLine(file: ConfigFile, name: string, value: unknown): string {
  const version = (text: string | undefined): string => (text === undefined || text === "*" ? "" : text);
  if (typeof value === "string") return `${name}${version(value)}`;
  const table = asTable(file, value, name) ?? {};
  const text = (key: string): string | undefined => asText(file, table[key], `${name}.${key}`);
  const extras = asTexts(file, table["extras"] ?? [], `${name}.extras`);
  const suffix = extras.length === 0 ? "" : `[${extras.join(",")}]`;
  const [path, url, git] = [text("path"), text("url"), text("git")];
  // Not editable: what is installed must not change when a session works on a copy of the repository.
  if (path !== undefined) return `${path.startsWith(".") ? path : `./${path}`}${suffix}`;
  if (url !== undefined) return `${name}${suffix} @ ${url}`;
  if (git === undefined) return `${name}${suffix}${version(text("version"))}`;
  const [ref, folder] = [text("rev") ?? text("tag") ?? text("branch"), text("subdirectory")];
  return `${name}${suffix} @ git+${git}${ref === undefined ? "" : `@${ref}`}${folder === undefined ? "" : `#subdirectory=${folder}`}`;
}
