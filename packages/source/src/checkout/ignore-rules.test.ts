import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIgnoreRules } from "./ignore-rules.ts";

test.each([
  // pattern lines, path, whether it is left out
  ["*.md", "README.md", true],
  ["*.md", "docs/README.md", false],
  ["**/*.md", "docs/a/README.md", true],
  ["**/*.md", "README.md", true],
  ["node_modules", "node_modules/a/b.js", true],
  ["node_modules", "sub/node_modules/a", false],
  ["/data/", "data", true],
  ["data/", "data", true],
  ["./data//raw", "data/raw/x", true],
  ["a/../data", "data", true],
  ["../data", "data", false],
  ["*/temp*", "somedir/temporary.txt", true],
  ["*/temp*", "a/b/temporary.txt", false],
  ["temp?", "tempa", true],
  ["temp?", "temp/a", false],
  ["[a-c].txt", "b.txt", true],
  ["[^a-c].txt", "b.txt", false],
  ["[^a-c].txt", "d.txt", true],
  ["Data", "data", false],
  ["# data", "# data", false],
  ["  data  ", "data", true],
  ["*\n!README.md", "README.md", false],
  ["*\n!README.md", "other.md", true],
  ["data\n!data/keep", "data/keep/x", false],
  ["data\n!data/keep", "data/other", true],
  ["!data\ndata", "data/x", true],
  ["*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true],
  ["*.md\n!README*.md\nREADME-secret.md", "README-2.md", false],
  [".", "a", false],
  ["!", "a", false],
  ["**", "a/b", true],
  ["a/**", "a/b/c", true],
  ["a/**/z", "a/b/c/z", true],
  ["a/**/z", "a/z", true],
  ["**/z", "az", false],
  ["\\*.txt", "*.txt", true],
  ["\\*.txt", "a.txt", false],
  ["[a\\-c]", "-", true],
  ["[a\\-c]", "b", false],
  ["[z-a]", "b", false],
  ["[", "[", true],
  ["a+(b).txt", "a+(b).txt", true],
  ["?.txt", "😀.txt", true],
])("%j and %s: %s", (text, path, ignored) => {
  expect(parseIgnoreRules(text).ignores(path)).toBe(ignored);
});

test("a folder that is left out takes all that is in it along, and the last word counts", () => {
  const name = fc.stringMatching(/^[a-z]{1,4}$/);
  fc.assert(
    fc.property(name, fc.array(name, { maxLength: 3 }), (folder, rest) => {
      const path = [folder, ...rest].join("/");

      expect(parseIgnoreRules(folder).ignores(path)).toBe(true);
      expect(parseIgnoreRules(`${folder}\n!${path}`).ignores(path)).toBe(false);
      expect(parseIgnoreRules(`!${path}\n${folder}`).ignores(path)).toBe(true);
    }),
  );
});

test("no text makes it fail", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), fc.stringMatching(/^[a-z]+(?:\/[a-z]+){0,2}$/), (text, path) => {
      expect(typeof parseIgnoreRules(text).ignores(path)).toBe("boolean");
    }),
    { numRuns: 300 },
  );
});
