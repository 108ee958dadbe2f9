import { expect, test } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const nowMs = Date.parse("2026-11-22T04:00:00Z");

test.each([
  ["0", 0],
  ["120", 120_000],
  ["Sun, 22 Nov 2026 04:00:30 GMT", 30_000],
  ["Sun, 22 Nov 2026 03:00:00 GMT", 0],
  ["soon", undefined],
  ["-1", undefined],
  ["99999999", undefined],
  [undefined, undefined],
])("Retry-After: %s asks for %s ms", (value, expected) => {
  expect(parseRetryAfter(value, nowMs)).toBe(expected);
});
