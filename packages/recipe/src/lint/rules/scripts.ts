import type { ConfigFile } from "../../detect/config-file.ts";
import type { RuleFinding } from "../finding.ts";
import { countingFile, type LintInput } from "../lint-input.ts";

/** The scripts of a repository that the image runs; a container file says itself what is run. */
function scripts(input: LintInput): readonly ConfigFile[] {
  if (input.isContainer) return [];
  return ["postBuild", "start"].map((name) => countingFile(input, name)).filter((file) => file !== undefined);
}

/** We make them executable, others do not. */
export function scriptNotExecutable(input: LintInput): RuleFinding[] {
  const modes = new Map(input.files.map(({ path, mode }) => [path, mode]));
  return scripts(input)
    .filter(({ path }) => ((modes.get(path) ?? 0o755) & 0o111) === 0)
    .map(({ path }) => ({
      path,
      message: "the script is not executable: it is made so here, other tools may refuse it",
      hint: `run: git update-index --chmod=+x ${path}`,
    }));
}

/** Without a first line that names an interpreter, the kernel cannot start the file. */
export function scriptWithoutInterpreter(input: LintInput): RuleFinding[] {
  return scripts(input)
    .filter(({ text }) => !text.startsWith("#!"))
    .map(({ path }) => ({
      path,
      line: 1,
      message: "the script names no interpreter, so that it cannot be started",
      hint: "begin it with #!/bin/bash, or whatever it is written in",
    }));
}

/** `bash` takes the carriage return as part of the last word of each line. */
export function scriptWithWindowsLines(input: LintInput): RuleFinding[] {
  return scripts(input)
    .filter(({ text }) => /\r\n/.test(text))
    .map(({ path, text }) => ({
      path,
      line: text.split("\n").findIndex((line) => line.endsWith("\r")) + 1,
      message: "lines end in carriage returns, which shells take as part of the last word",
      hint: `run: sed -i 's/\\r$//' ${path}; and put "* text=auto eol=lf" into .gitattributes`,
    }));
}
