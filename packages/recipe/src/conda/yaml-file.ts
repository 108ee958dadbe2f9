import { LineCounter, parseDocument } from "yaml";
import { invalidFile, type ConfigFile } from "../detect/config-file.ts";

/**
 * Reads a YAML file.
 * @param options.aliasCount how often an alias may stand for something, against files that expand without end
 * @throws E_RECIPE_FILE_INVALID with line and column of what cannot be parsed
 */
export function readYaml(file: ConfigFile, options: { readonly aliasCount: number } = { aliasCount: 100 }): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter, prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    throw invalidFile(file.path, problem.message, { line, column: col, cause: problem });
  }
  try {
    return document.toJS({ maxAliasCount: options.aliasCount });
  } catch (cause) {
    throw invalidFile(file.path, "the file expands to more aliases than an environment needs", { cause });
  }
}
