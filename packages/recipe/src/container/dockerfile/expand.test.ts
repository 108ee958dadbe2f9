import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandWord } from "./expand.ts";

const variables = { A: "alpha.tar.gz", EMPTY: "", B_1: "two words" };
const expand = (word: string, escape = "\\"): string => expandWord(word, { variables, escape });

describe("a word", () => {
  test.each([
    ["$A", "alpha.tar.gz"],
    ["x$A-y", "xalpha.tar.gz-y"],
    ["${B_1}!", "two words!"],
    ["$NONE|${NONE}", "|"],
    ["${EMPTY:-d}", "d"],
    ["${EMPTY-d}", ""],
    ["${NONE-d}", "d"],
    ["${A:+set}", "set"],
    ["${EMPTY:+set}", ""],
    ["${EMPTY+set}", "set"],
    ["${NONE:-${A}}", "alpha.tar.gz"],
    ["${NONE:-'$A'}", "$A"],
    ["${A%.*}", "alpha.tar"],
    ["${A%%.*}", "alpha"],
    ["${A#*.}", "tar.gz"],
    ["${A##*.}", "gz"],
    ["${A/a/o}", "olpha.tar.gz"],
    ["${A//a/o}", "olpho.tor.gz"],
    ["'$A'", "$A"],
    ['"$A b"', "alpha.tar.gz b"],
    ['"a\\"b\\x"', 'a"b\\x'],
    ["\\$A", "$A"],
    ["a\\ b", "a b"],
    ["50$", "50$"],
    ["$-", ""],
  ])("%s means %s", (word, expected) => {
    expect(expand(word)).toBe(expected);
  });

  test("takes the file's own escape character", () => {
    expect(expand("`$A C:\\x", "`")).toBe("$A C:\\x");
  });

  test("keeps quotes in a here-document", () => {
    expect(expandWord("say \"$EMPTY${A}\" 'it' \\$A \\n", { variables, escape: "\\", keepsQuotes: true })).toBe(
      "say \"alpha.tar.gz\" 'it' $A \\n",
    );
  });

  test.each([
    ["${A", '"}"'],
    ["'a", "single quote"],
    ['"a', "double quote"],
    ["${}", "name is missing"],
    ["${A!x}", "something unknown"],
    ["${NONE:?give it}", "NONE: give it"],
    ["${EMPTY:?}", "EMPTY: is not set"],
  ])("%s is refused", (word, reason) => {
    expect(() => expand(word)).toThrow(reason);
  });
});

test("variables and their operators mean what they mean to sh", () => {
  const name = fc.constantFrom("A", "EMPTY", "B_1", "NONE");
  const literal = fc.stringMatching(/^[a-z. ]{0,4}$/);
  const pattern = fc.constantFrom("*.", ".*", "a*", "*a", "?", "[a-c]", "alpha", "*");
  const piece = fc.oneof(
    literal,
    name.map((one) => `\${${one}}`),
    fc.tuple(name, fc.constantFrom(":-", "-", ":+", "+"), literal).map((parts) => `\${${parts.join("")}}`),
    fc.tuple(name, fc.constantFrom("#", "##", "%", "%%"), pattern).map((parts) => `\${${parts.join("")}}`),
  );
  const words = fc
    .sample(fc.array(piece, { maxLength: 4 }), { numRuns: 300, seed: 7 })
    .map((pieces) => pieces.join(""));

  const script = words.map((word) => `printf '%s\\n' "${word}"`).join("\n");
  const printed = execFileSync("sh", ["-c", script], { env: variables, encoding: "utf8" }).split("\n").slice(0, -1);

  expect(words.map((word) => expand(`"${word}"`))).toEqual(printed);
});
