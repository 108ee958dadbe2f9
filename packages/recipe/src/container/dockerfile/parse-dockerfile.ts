import { type ConfigFile, invalidFile } from "../../detect/config-file.ts";
import { LineReader, parseDirectives } from "./lines.ts";
import { splitWords } from "./split-words.ts";

/** A here-document of an instruction. */
export interface Heredoc {
  /** The word that ends it; also the name of the file that `COPY` makes of it. */
  readonly name: string;
  readonly content: string;
  /** Whether variables in it are filled in: its name has no quotes. */
  readonly expands: boolean;
}

/** One instruction of a Dockerfile, its arguments as they are written. */
export interface Instruction {
  /** In capital letters. */
  readonly keyword: string;
  /** Counted from 1. */
  readonly line: number;
  /** What stands behind the keyword, without flags. */
  readonly rest: string;
  /** `--name=value` in order; a flag without a value has the value `undefined`. */
  readonly flags: readonly { readonly name: string; readonly value: string | undefined }[];
  readonly heredocs: readonly Heredoc[];
  /** The words of the exec form, `["a", "b"]`; `undefined` for any other. */
  readonly json: readonly string[] | undefined;
}

/** A Dockerfile as a list of instructions. */
export interface ParsedDockerfile {
  readonly path: string;
  readonly escape: string;
  readonly instructions: readonly Instruction[];
}

const knownKeywords = new Set(
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  ),
);

const flagged = new Set(["ADD", "COPY", "FROM", "RUN", "HEALTHCHECK"]);
const withHeredocs = new Set(["ADD", "COPY", "RUN"]);

/**
 * Parses a Dockerfile as BuildKit's frontend does: escape directive, continued lines, comments between them, flags,
 * exec forms and here-documents.
 * @throws E_RECIPE_FILE_INVALID with file and line
 * Source: https://docs.docker.com/reference/dockerfile/ and BuildKit `frontend/dockerfile/parser`
 */
export function parseDockerfile(file: ConfigFile): ParsedDockerfile {
  const directives = parseDirectives(file.text);
  const escape = directives.get("escape") ?? "\\";
  if (escape !== "\\" && escape !== "`") {
    throw invalidFile(file.path, `the escape directive must be a backslash or a backtick, found "${escape}"`, {
      line: 1,
    });
  }
  const reader = new LineReader(file.text, escape);
  const instructions: Instruction[] = [];
  for (let joined = reader.read(); joined !== undefined; joined = reader.read()) {
    const { text, line } = joined;
    const fail = (problem: string): Error => invalidFile(file.path, problem, { line });
    const takeHeredoc = (name: string, stripsTabs: boolean): string => {
      const content = reader.readHeredoc(name, stripsTabs);
      if (content === undefined) throw fail(`the here-document is not ended by a line ${name}`);
      return content;
    };
    instructions.push(parseInstruction(text, line, { escape, fail, takeHeredoc }));
  }
  return { path: file.path, escape, instructions };
}

/** What parsing one instruction needs of its surroundings. */
interface InstructionContext {
  readonly escape: string;
  readonly fail: (problem: string) => Error;
  /** Takes the lines of a here-document from behind the instruction. */
  readonly takeHeredoc: (name: string, stripsTabs: boolean) => string;
}

/** Parses one joined line; see {@link parseDockerfile}. */
function parseInstruction(text: string, line: number, context: InstructionContext): Instruction {
  const { keyword, flags, rest } = splitInstruction(text, context);
  // the trigger of ONBUILD is parsed when it runs, with the texts of its here-documents behind it
  const inner = keyword === "ONBUILD" ? splitInstruction(rest, context).keyword : keyword;
  const found = withHeredocs.has(inner) ? findHeredocs(rest, context.escape) : [];
  const heredocs = found.map(({ name, stripsTabs, expands }) => {
    return { name, expands, content: context.takeHeredoc(name, stripsTabs) };
  });
  if (keyword === "ONBUILD") {
    const bodies = heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
    return { keyword, line, rest: `${rest}${bodies}`, flags, heredocs: [], json: undefined };
  }
  return { keyword, line, rest, flags, heredocs, json: tryParseExecForm(rest) };
}

function splitInstruction(
  text: string,
  { escape, fail }: InstructionContext,
): Pick<Instruction, "keyword" | "flags" | "rest"> {
  const match = /^(?<word>\S+)\s*(?<rest>[\s\S]*)$/.exec(text)?.groups ?? {};
  const keyword = (match["word"] ?? "").toUpperCase();
  if (!knownKeywords.has(keyword)) throw fail(`there is no instruction ${match["word"] ?? ""}`);
  let rest = match["rest"] ?? "";
  const flags: { name: string; value: string | undefined }[] = [];
  while (flagged.has(keyword) && rest.startsWith("--")) {
    const [word = ""] = splitWords(rest, escape);
    if (word === "--") break;
    const flag = /^--(?<name>[a-z][a-z-]*)(?:=(?<value>[\s\S]*))?$/.exec(word)?.groups;
    if (flag === undefined) throw fail(`${word} is no flag`);
    flags.push({ name: flag["name"] ?? "", value: flag["value"]?.replace(/^(["'])(.*)\1$/s, "$2") });
    rest = rest.slice(word.length).trimStart();
  }
  if (rest === "") throw fail(`${keyword} has no arguments`);
  return { keyword, flags, rest };
}

/** A here-document's start: `<<NAME`, `<<-NAME`, `<<"NAME"`, and with the number of a file in front. */
const heredocWord = /^\d*<<(?<dash>-?)(?<quote>["']?)(?<name>[^\s<"']+)\k<quote>$/;

function findHeredocs(
  text: string,
  escape: string,
): { readonly name: string; readonly stripsTabs: boolean; readonly expands: boolean }[] {
  return splitWords(text, escape).flatMap((word) => {
    const match = heredocWord.exec(word)?.groups;
    if (match === undefined) return [];
    return [{ name: match["name"] ?? "", stripsTabs: match["dash"] !== "", expands: match["quote"] === "" }];
  });
}

/** The words of `["a", "b"]`; everything that is no JSON array of strings is shell form. */
function tryParseExecForm(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isWords = Array.isArray(value) && value.every((word): word is string => typeof word === "string");
    return isWords ? value : undefined;
  } catch {
    return undefined;
  }
}
