import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatMarker, parseMarker } from "./marker.ts";
import { type MarkerEnvironment, simplifyMarker } from "./simplify-marker.ts";

const minor: MarkerEnvironment = {
  python: "3.11",
  machine: "x86_64",
  extras: new Set(["socks"]),
  groups: new Set(["dev"]),
};
const full: MarkerEnvironment = { ...minor, python: "3.11.2" };

function simplified(text: string, environment: MarkerEnvironment = minor): boolean | string {
  const marker = parseMarker(text);
  if (typeof marker === "string") throw new Error(marker);
  const result = simplifyMarker(marker, environment);
  return typeof result === "boolean" ? result : formatMarker(result);
}

describe("an environment marker", () => {
  test.each([
    ['python_version >= "3.8"', true],
    ['python_version < "3.9"', false],
    ["'3.8' <= python_version", true],
    ['python_version == "3.11.*"', true],
    ['python_version in "3.8 3.9"', false],
    ['sys_platform == "win32" or platform_machine == "x86_64"', true],
    ['sys_platform == "linux" and (os_name == "nt" or implementation_name != "cpython")', false],
    ['"linux" in sys_platform', true],
    ['platform_python_implementation not in "PyPy"', true],
    ['extra == "socks"', true],
    ['extra == "Other_Extra"', false],
    ["'dev' in dependency_groups and 'docs' not in dependency_groups", true],
    ["'socks' in extras", true],
    ['python_full_version < "3.11"', false],
    ['python_full_version >= "3.11.0a6"', true],
    ['python_full_version < "3.11.3"', "python_full_version < '3.11.3'"],
    ['python_full_version < "3.11.3" and sys_platform == "linux"', "python_full_version < '3.11.3'"],
    [
      'platform_release >= "5" or python_full_version < "3.11.3"',
      "platform_release >= '5' or python_full_version < '3.11.3'",
    ],
    ["os.name == 'posix'", true],
  ])("%s is %s", (text, expected) => {
    expect(simplified(text)).toBe(expected);
  });

  test("a known patch level decides what it asks for", () => {
    expect(simplified('python_full_version < "3.11.3"', full)).toBe(true);
    expect(simplified('python_full_version < "3.11.2"', full)).toBe(false);
  });

  test.each(["", "python_version", 'python_version >= "3', "(a == 'b'", "a == 'b' or", "a not 'b'", "a == 'b' c"])(
    "%j is none",
    (text) => {
      expect(parseMarker(text)).toBeTypeOf("string");
    },
  );

  test("what a minor version decides holds for all its releases", () => {
    const clause = fc
      .tuple(fc.constantFrom("<", "<=", ">", ">=", "==", "!="), fc.integer({ min: 8, max: 13 }), fc.option(fc.nat(9)))
      .map(
        ([operator, line, patch]) => `python_full_version ${operator} "3.${line}${patch === null ? "" : `.${patch}`}"`,
      );
    const text = fc
      .tuple(clause, fc.constantFrom(" and ", " or "), clause)
      .map(([left, word, right]) => left + word + right);

    fc.assert(
      fc.property(text, fc.nat(20), (marker, patch) => {
        const open = simplified(marker);
        const exact = simplified(marker, { ...minor, python: `3.11.${patch}` });
        const rest = typeof open === "string" ? simplified(open, { ...minor, python: `3.11.${patch}` }) : open;
        expect(rest).toBe(exact);
      }),
    );
  });
});
