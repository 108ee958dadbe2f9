import { readYaml } from "../conda/yaml-file.ts";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";

/** What a conda environment file asks for. */
export interface CondaEnvironment {
  /** The version part of the `python` entry as conda's match specification, such as `=3.11` or `>=3.9,<3.12`. */
  readonly pythonSpec?: string;
  /** Lines of the `pip:` list, each as in a requirements file. */
  readonly pipLines: readonly string[];
  /** Entries that need conda. */
  readonly condaPackages: readonly string[];
  /** All entries for conda as they are written, python and pip among them. */
  readonly specs: readonly string[];
  /** As written, the first one first. */
  readonly channels: readonly string[];
  /** Variables that conda would set on activation. */
  readonly variables: Readonly<Record<string, string>>;
}

const empty: CondaEnvironment = { pipLines: [], condaPackages: [], specs: [], channels: [], variables: {} };

/**
 * Reads `environment.yml`. An empty file is an environment without wishes; `name` and `prefix` do not
 * matter.
 * @throws E_RECIPE_FILE_INVALID with file, line and column for YAML that cannot be parsed, and for other shapes
 */
export function parseEnvironmentYml(file: ConfigFile): CondaEnvironment {
  const content = readYaml(file);
  if (content === null || content === undefined) return empty;
  if (typeof content !== "object" || Array.isArray(content)) {
    throw invalidFile(file.path, "the file holds no mapping with the key `dependencies`", { line: 1 });
  }
  const fields: Record<string, unknown> = { ...content };
  const entries = fields["dependencies"] ?? [];
  if (!Array.isArray(entries)) throw invalidFile(file.path, "`dependencies` is not a list");
  const parts = entries.map((entry: unknown) => readEntry(file, entry));
  const pythonSpec = parts.find((part) => part.pythonSpec !== undefined)?.pythonSpec;
  return {
    ...(pythonSpec === undefined ? {} : { pythonSpec }),
    pipLines: parts.flatMap((part) => part.pipLines),
    condaPackages: parts.flatMap((part) => part.condaPackages),
    specs: entries.filter((entry): entry is string => typeof entry === "string").map((entry) => entry.trim()),
    channels: readChannels(file, fields["channels"]),
    variables: readVariables(file, fields["variables"]),
  };
}

type Entry = Pick<CondaEnvironment, "pipLines" | "condaPackages" | "pythonSpec">;

function readEntry(file: ConfigFile, entry: unknown): Entry {
  if (typeof entry === "string") return readPackage(entry);
  if (typeof entry === "object" && entry !== null && "pip" in entry && Object.keys(entry).length === 1) {
    const lines: unknown = entry.pip ?? [];
    if (Array.isArray(lines) && lines.every((line) => typeof line === "string")) {
      return { pipLines: lines, condaPackages: [] };
    }
    throw invalidFile(file.path, "`pip` is not a list of texts");
  }
  throw invalidFile(file.path, `the dependency ${JSON.stringify(entry)} is neither a text nor a \`pip\` list`);
}

/** `channel::name version build`, `name=version=build`, `name>=1,<2` or `name[version=…]`. */
function readPackage(text: string): Entry {
  const groups = /^\s*(?:[^\s:]+::)?(?<name>[A-Za-z0-9_.-]+)(?<spec>.*)$/s.exec(text)?.groups;
  const name = groups?.["name"]?.toLowerCase();
  if (name === "python") return { pipLines: [], condaPackages: [], pythonSpec: (groups?.["spec"] ?? "").trim() };
  // pip is part of every environment of ours; its version does not matter to what is installed.
  return { pipLines: [], condaPackages: name === "pip" ? [] : [text.trim()] };
}

function readChannels(file: ConfigFile, value: unknown): readonly string[] {
  const names: unknown = value ?? [];
  if (Array.isArray(names) && names.every((name) => typeof name === "string" && /^[^\s]+$/.test(name))) return names;
  throw invalidFile(file.path, "`channels` is not a list of names and addresses");
}

function isScalar(entry: unknown): entry is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof entry);
}

function readVariables(file: ConfigFile, value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || !Object.values(value).every(isScalar)) {
    throw invalidFile(file.path, "`variables` is not a mapping of names to texts");
  }
  const wrong = Object.keys(value).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === "PATH");
  if (wrong !== undefined) throw invalidFile(file.path, `"${wrong}" cannot be set as a variable`);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, String(entry)]));
}

/**
 * Translates the version of conda's `python` entry to what we look for: `=3.11`, `==3.11.4`, `3.11.*` and
 * `=3.11.4=h1234_0` ask for one version, `>=3.9,<3.12` for a range, `*` and nothing for any.
 * @returns a version such as `3.11`, a PEP 440 specifier, or `undefined` for any version
 * @throws E_RECIPE_FILE_INVALID when it is none of these
 */
export function condaPythonRequest(
  file: ConfigFile,
  spec: string,
): { readonly version: string } | { readonly specifier: string } | undefined {
  const bracketed = /^\[\s*version\s*=\s*["']?(?<inner>[^"'\]]*)["']?\s*\]$/.exec(spec)?.groups?.["inner"] ?? spec;
  const trimmed = bracketed.trim();
  if (trimmed === "" || trimmed === "*" || trimmed === "=*") return undefined;
  // The second part, after white space or another "=", is the build.
  const exact = /^(?:={1,2})?\s*(?<version>\d+(?:\.\d+)*)(?:\.\*|\*)?(?:[\s=]\S*)?$/.exec(trimmed)?.groups?.["version"];
  if (exact !== undefined) return { version: exact };
  const specifier = trimmed
    .replaceAll(/\s+/g, "")
    .replaceAll(/(^|,)=(?!=)(?<version>[\d.]+?)(?:\.?\*)?(?=,|$)/g, "$1==$<version>.*");
  if (/^(?:(?:>=|<=|==|!=|~=|>|<)\d+(?:\.\d+)*(?:\.\*)?,?)+$/.test(specifier)) return { specifier };
  throw invalidFile(file.path, `"python${spec}" is no version of Python that is understood`, {
    hint: "write python=3.12 or python>=3.10,<3.13",
  });
}
