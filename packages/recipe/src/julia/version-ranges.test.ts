import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isInRanges, type JuliaVersion, tryParseCompat } from "./version-ranges.ts";

/** Made by `fixtures/compat.jl` with the package manager of Julia 1.5.3. */
const golden = JSON.parse(readFileSync(path.join(import.meta.dirname, "fixtures/compat.json"), "utf8")) as {
  readonly releases: readonly string[];
  readonly allowed: Readonly<Record<string, readonly string[] | null>>;
};

function versionOf(text: string): JuliaVersion {
  const [major = 0, minor = 0, patch = 0] = text.split(".").map(Number);
  return [major, minor, patch];
}

function allowedBy(text: string): readonly string[] | null {
  const ranges = tryParseCompat(text);
  return ranges === undefined ? null : golden.releases.filter((release) => isInRanges(versionOf(release), ranges));
}

describe("specifiers of Julia versions", () => {
  test.each(Object.entries(golden.allowed))("%j allows what Julia's own package manager allows", (text, allowed) => {
    expect(allowedBy(text)).toEqual(allowed);
  });

  test.each([
    ["<=1.6", ["1.6.0"], ["1.6.1"]],
    ["≤ 1.6.7", ["1.6.7"], ["1.7.0"]],
    [">1.6", ["1.6.1"], ["1.6.0"]],
    ["1.*", ["1.0.0", "1.12.1"], ["0.7.0", "2.0.0"]],
    ["~1.9.*", ["1.9.0", "1.9.4"], ["1.10.0"]],
  ])("%j, which only repo2docker or newer package managers know, is understood", (text, inside, outside) => {
    const ranges = tryParseCompat(text) ?? [];

    expect(inside.filter((version) => !isInRanges(versionOf(version), ranges))).toEqual([]);
    expect(outside.filter((version) => isInRanges(versionOf(version), ranges))).toEqual([]);
  });

  const number = fc.integer({ min: 0, max: 30 });
  const version = fc.tuple(number, number, number);

  test("a version is compatible with itself, however it is asked for", () => {
    fc.assert(
      fc.property(version, fc.constantFrom("", "^", "~", "=", ">=", "<=", "≥ ", "v"), (written, operator) => {
        const ranges = tryParseCompat(operator + written.join("."));

        return ranges !== undefined && isInRanges(written, ranges);
      }),
    );
  });

  test("a list allows what one of its parts allows", () => {
    fc.assert(
      fc.property(version, version, version, (one, other, asked) => {
        const [first, second] = [`~${one.join(".")}`, `^${other.join(".")}`];
        const isIn = (text: string): boolean => isInRanges(asked, tryParseCompat(text) ?? []);

        return isIn(`${first}, ${second}`) === (isIn(first) || isIn(second));
      }),
    );
  });
});
