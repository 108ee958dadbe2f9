import { type ConfigFile, invalidFile } from "../../detect/config-file.ts";
import { fillTemplates, parseArguments } from "./templates.ts";

/** A section of a definition file. */
export interface Section {
  /** Without the percent sign, in small letters. */
  readonly name: string;
  /** What stands behind the name on its line. */
  readonly args: readonly string[];
  /** Everything up to the next section, from the line after the name's on. */
  readonly text: string;
  /** Of the name, counted from 1. */
  readonly line: number;
}

/** A stage of a definition file as it is written, templates filled in. */
export interface DefinitionStage {
  /** Of the stage's first line that counts, from 1. */
  readonly line: number;
  /** Keys in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sections: readonly Section[];
}

/** A definition file. */
export interface ParsedDefinition {
  readonly stages: readonly DefinitionStage[];
  /** The whole text with its templates filled in. */
  readonly text: string;
  /** Names of values that were given and that no template asks for. */
  readonly unusedArgs: readonly string[];
}

const sectionNames = new Set(
  "setup files labels environment help pre post runscript startscript test arguments".split(" "),
);
const appSectionNames = new Set("appinstall apprun applabels appenv apphelp appfiles appstart apptest".split(" "));
const headerNames =
  /^(?:bootstrap|from|stage|includecmd|mirrorurl|updateurl|osversion|include|library|registry|namespace|product|user|regcode|productpgp|registerurl|modules|otherurl\d*|fingerprints|confurl|setopt|frozen|variant)$/;

/**
 * Parses a definition file: its stages with their headers and sections, templates filled in.
 * @throws E_RECIPE_FILE_INVALID with file and line
 * Source: Apptainer user guide, "Definition Files"; `pkg/build/types/parser` of Apptainer 1.4
 */
export function parseDefinition(file: ConfigFile, buildArgs: Readonly<Record<string, string>>): ParsedDefinition {
  const lines = file.text.replaceAll("\r\n", "\n").split("\n");
  // a header stands outside sections, but Apptainer starts a stage at every line that says Bootstrap
  const starts = lines.flatMap((line, index) => (/^\s*bootstrap\s*:/i.test(line) ? [index] : []));
  if (starts.length === 0)
    throw invalidFile(file.path, "there is no Bootstrap: line: an image needs a base", { line: 1 });
  const cuts = [0, ...starts.slice(1), lines.length];
  const parts = cuts.slice(0, -1).map((from, index) => {
    const text = lines.slice(from, cuts[index + 1]).join("\n");
    return fillPart(text, from + 1, file, buildArgs);
  });
  const names = new Set([...file.text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name));
  return {
    stages: parts.map(({ text, line }) => parseStage(text, line, file)),
    text: parts.map(({ text }) => text).join("\n"),
    unusedArgs: Object.keys(buildArgs).filter((name) => !names.has(name)),
  };
}

function fillPart(
  text: string,
  line: number,
  file: ConfigFile,
  buildArgs: Readonly<Record<string, string>>,
): { readonly text: string; readonly line: number } {
  const sections = splitSections(text, line).sections.filter(({ name }) => name === "arguments");
  const defaults = sections.map((section) => parseArguments(section.text, file, section.line + 1));
  const values = Object.assign({}, ...defaults, buildArgs) as Record<string, string>; // of records of strings
  return { text: fillTemplates(text, values, { path: file.path, firstLine: line }), line };
}

function parseStage(text: string, line: number, file: ConfigFile): DefinitionStage {
  const { head, sections } = splitSections(text, line);
  const headers: Record<string, string> = {};
  let firstLine = line;
  for (const [index, written] of head.split("\n").entries()) {
    const content = written.replace(/(?:^|\s)#.*$/, "").trim();
    if (content === "") continue;
    const [key = "", ...value] = content.split(":");
    const name = key.trim().toLowerCase();
    if (value.length === 0 || !headerNames.test(name)) {
      throw invalidFile(file.path, `there is no header ${key.trim()}`, { line: line + index });
    }
    headers[name] = value.join(":").trim();
    if (name === "bootstrap") firstLine = line + index;
  }
  for (const section of sections) checkSection(section, file);
  return { line: firstLine, headers, sections };
}

function checkSection({ name, args, line }: Section, file: ConfigFile): void {
  const isApp = appSectionNames.has(name);
  if (!isApp && !sectionNames.has(name)) throw invalidFile(file.path, `there is no section %${name}`, { line });
  if (isApp && !/^[A-Za-z0-9][\w.-]*$/.test(args[0] ?? "")) {
    throw invalidFile(file.path, `%${name} needs the name of an app, found "${args[0] ?? ""}"`, { line });
  }
}

function splitSections(text: string, line: number): { readonly head: string; readonly sections: readonly Section[] } {
  const lines = text.split("\n");
  const marks = lines.flatMap((one, index) => (/^\s*%\S/.test(one) ? [index] : []));
  const sections = marks.map((mark, index): Section => {
    const [name = "", ...args] = (lines[mark] ?? "")
      .replace(/\s#.*$/, "")
      .trim()
      .slice(1)
      .split(/\s+/);
    const body = lines.slice(mark + 1, marks[index + 1]).join("\n");
    return { name: name.toLowerCase(), args, text: body, line: line + mark };
  });
  return { head: lines.slice(0, marks[0]).join("\n"), sections };
}

/** The texts of all sections of one name in a stage, one after the other; `undefined` when it has none. */
export function sectionText(stage: DefinitionStage, name: string, app?: string): string | undefined {
  const found = stage.sections.filter(
    (section) => section.name === name && (app === undefined || section.args[0] === app),
  );
  return found.length === 0 ? undefined : found.map(({ text }) => `${text.trimEnd()}\n`).join("");
}
