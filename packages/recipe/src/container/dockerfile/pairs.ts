import { type FilePlace, fileProblem } from "./file-problem.ts";
import { splitWords } from "./split-words.ts";

/**
 * The `name=value` pairs of ENV, LABEL and ARG, values as they are written.
 * @param options.allowsBare whether a name may stand without value; else `NAME VALUE…` is the old form of one pair
 * @throws E_RECIPE_FILE_INVALID
 */
export function pairsOf(
  rest: string,
  options: { readonly place: FilePlace; readonly escape: string; readonly allowsBare: boolean },
): readonly (readonly [name: string, value: string | undefined])[] {
  const { place, escape, allowsBare } = options;
  const words = splitWords(rest, escape);
  const [first = ""] = words;
  if (!allowsBare && !first.includes("=")) {
    const value = rest.slice(first.length).trim();
    if (value === "") throw fileProblem(place, `${first} has no value`);
    return [[first, value]];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0 && allowsBare) return [word, undefined];
    if (equals < 1) throw fileProblem(place, `name=value is expected, found ${word}`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
