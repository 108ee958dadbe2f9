import { LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import type { RegistryIssue } from "./issue.ts";

/** What a YAML file says, or what is wrong with it. */
export interface ReadDocument<Value> {
  /** Undefined when there are issues. */
  readonly value: Value | undefined;
  readonly issues: readonly RegistryIssue[];
}

/**
 * Reads the text of a YAML file against a schema; every issue names its line.
 * @param file for the issues
 */
export function readDocument<Value>(schema: z.ZodType<Value>, text: string, file: string): ReadDocument<Value> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const refused = (line: number, message: string): ReadDocument<Value> => ({
    value: undefined,
    issues: [{ file, line, message }],
  });
  const [broken] = document.errors; // the others often follow from it
  if (broken !== undefined) return refused(lineOf(broken.pos[0]), `no YAML: ${broken.message}`);
  const content = tryToJs(document);
  if (content === undefined) return refused(1, "no YAML of a registry: aliases are not allowed");
  const parsed = schema.safeParse(content.value);
  if (parsed.success) return { value: parsed.data, issues: [] };
  const issues = parsed.error.issues.map((issue): RegistryIssue => {
    const at = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
    const place = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    return { file, line: lineOf(offsetOf(document, at)), message: `${place}${issue.message}` };
  });
  return { value: undefined, issues };
}

type YamlDocument = ReturnType<typeof parseDocument>;

/** @returns undefined for a text with aliases, which could make gigabytes of a few lines */
function tryToJs(document: YamlDocument): { readonly value: unknown } | undefined {
  try {
    return { value: document.toJS({ maxAliasCount: 0 }) as unknown };
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** Where a value stands, or the nearest one around it. */
function offsetOf(document: YamlDocument, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    if (Array.isArray(range) && typeof range[0] === "number") return range[0];
  }
  return 0;
}
