import { type ConfigFile, invalidFile } from "../../detect/config-file.ts";

/**
 * A part of a definition file with its `{{ NAME }}` templates filled in.
 * @param text a part of the file, which starts on line `firstLine`
 * @throws E_RECIPE_FILE_INVALID for a name that nothing defines
 * Source: Apptainer user guide, "Templating: how to pass values into definition files"
 */
export function fillTemplates(
  text: string,
  values: Readonly<Record<string, string>>,
  { path, firstLine }: { readonly path: string; readonly firstLine: number },
): string {
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_whole, name: string, offset: number) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    const line = firstLine + text.slice(0, offset).split("\n").length - 1;
    throw invalidFile(path, `${name} is defined neither by %arguments nor by --build-arg`, {
      line,
      hint: `give it with --build-arg ${name}=VALUE`,
    });
  });
}

/** The values of an `%arguments` section: a `NAME=value` on each line. @throws E_RECIPE_FILE_INVALID */
export function parseArguments(text: string, { path }: ConfigFile, line: number): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [index, written] of text.split("\n").entries()) {
    const trimmed = written.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const match = /^(?<name>\w+)=(?<value>.*)$/.exec(trimmed)?.groups;
    if (match === undefined)
      throw invalidFile(path, `NAME=value is expected, found ${trimmed}`, { line: line + index });
    values[match["name"] ?? ""] = (match["value"] ?? "").replace(/^(["'])(.*)\1$/, "$2");
  }
  return values;
}
