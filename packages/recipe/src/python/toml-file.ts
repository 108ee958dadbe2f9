import { parse, TomlError } from "smol-toml";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";

/** A table of a TOML or JSON file whose values are still to be looked at. */
export type Table = Readonly<Record<string, unknown>>;

/**
 * Reads a TOML file.
 * @throws E_RECIPE_FILE_INVALID with line and column of what cannot be parsed
 */
export function readToml(file: ConfigFile): Table {
  try {
    return parse(file.text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const problem = cause.message.split("\n")[0] ?? "invalid TOML";
    throw invalidFile(file.path, problem, { line: cause.line, column: cause.column, cause });
  }
}

/**
 * The table under a key.
 * @param name what the value is called in the error
 * @returns `undefined` when it is not there
 * @throws E_RECIPE_FILE_INVALID when it is something else
 */
export function asTable(file: ConfigFile, value: unknown, name: string): Table | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidFile(file.path, `"${name}" is not a table`);
  }
  return { ...value };
}

/**
 * The list of tables under a key, empty when it is not there.
 * @throws E_RECIPE_FILE_INVALID when it is something else
 */
export function asTables(file: ConfigFile, value: unknown, name: string): readonly Table[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidFile(file.path, `"${name}" is not a list of tables`);
  return value.map((entry: unknown) => asTable(file, entry, name) ?? {});
}

/**
 * The list of texts under a key.
 * @throws E_RECIPE_FILE_INVALID when it is something else
 */
export function asTexts(file: ConfigFile, value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw invalidFile(file.path, `"${name}" is not a list of texts`);
}

/**
 * The text under a key.
 * @returns `undefined` when it is not there
 * @throws E_RECIPE_FILE_INVALID when it is something else
 */
export function asText(file: ConfigFile, value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalidFile(file.path, `"${name}" is not a text`);
}
