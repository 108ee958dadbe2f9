import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAptTxt } from "./apt-txt.ts";

const parse = (text: string): readonly string[] => parseAptTxt({ path: "apt.txt", text });

test("packages are sorted, said once, and comments are left out", () => {
  expect(parse("# tools\ntree\r\n\nless=590-2 # pager\ng++ tree libc6:arm64\nvim/trixie-backports\n")).toEqual([
    "g++",
    "less=590-2",
    "libc6:arm64",
    "tree",
    "vim/trixie-backports",
  ]);
});

test("a version with epoch, tilde and plus is taken", () => {
  expect(parse("git=1:2.47.3-0+deb13u1~rc")).toEqual(["git=1:2.47.3-0+deb13u1~rc"]);
});

test.each([
  ["a command", "tree; touch /x", "tree;"],
  ["a substitution", "$(id)", "$(id)"],
  ["an option", "--allow-downgrades", "--allow-downgrades"],
  ["a removal", "tree-", "tree-"],
  ["a path", "./x.deb", "./x.deb"],
  ["capital letters", "Tree", "Tree"],
  ["an empty version", "tree=", "tree="],
])("%s is refused with its line", (_name, line, word) => {
  expect(() => parse(`less\n${line}\n`)).toThrow(`apt.txt:2: "${word}"`);
});

test("whatever is taken needs no quoting in a shell but a tilde", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from("ab1.+-=:/~;$`'\"\\ \n#&|")) }), (text) => {
      let packages: readonly string[];
      try {
        packages = parse(text);
      } catch {
        return;
      }
      for (const name of packages) expect(name).toMatch(/^[a-z0-9][A-Za-z0-9.+:=/_~-]*$/);
    }),
  );
});
