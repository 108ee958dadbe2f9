import { invalidFile } from "../../detect/config-file.ts";
import { type Expansion, expandWord, ExpansionError } from "./expand.ts";

/** Where something in a container file stands. */
export interface FilePlace {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The error for an instruction that cannot be planned. */
export function fileProblem({ path, line }: FilePlace, problem: string, hint?: string): Error {
  return invalidFile(path, problem, hint === undefined ? { line } : { line, hint });
}

/** Expands a word, and tells what is wrong with it with its place. @throws E_RECIPE_FILE_INVALID */
export function expandAt(place: FilePlace, word: string, expansion: Expansion): string {
  try {
    return expandWord(word, expansion);
  } catch (error) {
    if (error instanceof ExpansionError) throw fileProblem(place, error.message);
    throw error;
  }
}
