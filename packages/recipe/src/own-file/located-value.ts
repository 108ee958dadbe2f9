import { isMap, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { asTable, readToml } from "../python/toml-file.ts";

/** Where something stands in a file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column?: number;
}

/** Names of keys and numbers of list entries that lead to a value. */
export type KeyPath = readonly PropertyKey[];

/** The content of a file that knows where its keys stand. */
export interface LocatedValue {
  readonly value: unknown;
  /** The place of the key, or of the nearest one around it. */
  placeOf(path: KeyPath): Place;
}

/**
 * Reads a YAML file; an empty one is an empty table.
 * @throws E_RECIPE_FILE_INVALID with line and column of what cannot be parsed
 */
export function locateYaml(file: ConfigFile): LocatedValue {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw invalidFile(file.path, problem.message, { ...placeAt(problem.pos[0]), cause: problem });
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 });
  } catch (cause) {
    throw invalidFile(file.path, "the file expands to more aliases than settings need", { cause });
  }
  return { value: value ?? {}, placeOf: (path) => placeAt(offsetOf(document.contents, path)) };
}

/** The offset of the last key on the way that is there. */
function offsetOf(root: Node | null, path: KeyPath): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === String(step));
      if (pair === undefined) return offset;
      const key = pair.key as Partial<Node> | null; // keys of parsed documents are nodes
      offset = key?.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined; // entries of parsed documents are nodes
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}

const tablePath: readonly string[] = ["tool", "repo2singularity"];

/**
 * Reads the table `[tool.repo2singularity]` of a TOML file.
 * @throws E_RECIPE_FILE_INVALID with line and column of what cannot be parsed
 */
export function locateTomlTable(file: ConfigFile): LocatedValue {
  const tool = asTable(file, readToml(file)["tool"], "tool");
  const table = asTable(file, tool?.["repo2singularity"], tablePath.join("."));
  const keys = tomlKeys(file.text);
  return {
    value: withoutDates(table ?? {}),
    placeOf: (path) => {
      const wanted = [...tablePath, ...path.map(String)];
      const around = wanted.map((_, index) => wanted.slice(0, wanted.length - index).join("."));
      const line = around.map((name) => keys.get(name)).find((found) => found !== undefined);
      return { line: line ?? 1 };
    },
  };
}

/** The lines on which tables and keys stand, by their dotted names; the parser does not tell. */
function tomlKeys(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let table = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[+(?<name>[^\]]+)\]/.exec(line)?.groups?.["name"];
    const key = /^\s*(?<key>[\w."'-]+(?:\s*\.\s*[\w"'-]+)*)\s*=/.exec(line)?.groups?.["key"];
    if (header !== undefined) table = bare(header);
    const name = header === undefined ? (key === undefined ? undefined : joined(table, bare(key))) : table;
    if (name !== undefined && !lines.has(name)) lines.set(name, index + 1);
  }
  return lines;
}

function bare(name: string): string {
  return name.replaceAll(/["'\s]/g, "");
}

function joined(table: string, key: string): string {
  return table === "" ? key : `${table}.${key}`;
}

/** TOML has days of its own, which the schema knows as texts. */
function withoutDates(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().replace(/T00:00:00(?:\.000)?Z$/, "");
  if (Array.isArray(value)) return value.map(withoutDates);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutDates(entry)]));
}
