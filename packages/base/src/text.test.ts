import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./digest.ts";
import { printable } from "./printable.ts";
import { redactText, redactUrl, Secret } from "./redaction.ts";
import { shellQuote } from "./shell-quote.ts";
import { formatSize, parseSize } from "./sizes.ts";
import { execFileSync } from "node:child_process";

test("canonical JSON does not depend on the order of keys", () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).toBe(canonicalJson({ b: [{ c: 2, d: 1 }] }));
});

test.each([
  ["128K", 131_072],
  ["1.5GiB", 1_610_612_736],
  ["4096", 4096],
  ["1 MB", 1_048_576],
])("%s is %i bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "K", "-1", "1X", "one"])("%j is refused as a size", (text) => {
  expect(() => parseSize(text)).toThrow(/is not a size/);
});

test("sizes are shown with one digit", () => {
  expect([formatSize(17), formatSize(4096), formatSize(1.25 * 2 ** 30)]).toEqual(["17 B", "4.0 KiB", "1.3 GiB"]);
});

test("a text cannot steer the terminal that shows it", () => {
  expect(printable("\u001b[1;31mred\u001b[0m\tand\nplain é")).toBe("red\tand\nplain é");
  expect(printable("\u001b]0;title\u0007\r\u009b2J\u202eabc")).toBe("\\x1b]0;title\\x07\\x0d\\x9b2J\\u202eabc");
});

test("URLs are shown without credentials", () => {
  expect(redactUrl("https://user:pw@example.org/x?ref=1&token=abc")).toBe("https://example.org/x?ref=1&token=****");
  expect(redactUrl("git@example.org:a/b")).toBe("git@example.org:a/b");
  expect(redactText("cloning https://tok:x@example.org/a failed")).toBe("cloning https://****@example.org/a failed");
});

test("a secret prints as stars everywhere but in reveal", () => {
  const secret = new Secret("hunter2");

  expect(`${String(secret)} ${JSON.stringify({ secret })}`).not.toContain("hunter2");
  expect(secret.reveal()).toBe("hunter2");
});

test("sh reads a quoted word back unchanged", () => {
  fc.assert(
    fc.property(
      fc.string().filter((word) => !word.includes("\0")),
      (word) => {
        expect(execFileSync("printf", ["%s", word], { encoding: "utf8" })).toBe(
          execFileSync("sh", ["-c", `printf %s ${shellQuote(word)}`], { encoding: "utf8" }),
        );
      },
    ),
    { numRuns: 50 },
  );
});
