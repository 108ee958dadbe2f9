import { expect, test } from "vitest";
import { parseRuntimeTxt } from "./runtime-txt.ts";

test.each([
  ["python-3.12", { name: "python", version: "3.12" }],
  ["python-3.12\n", { name: "python", version: "3.12" }],
  ["r-2024-02-29", { name: "r", date: "2024-02-29" }],
  ["r-4.4-2025-01-31", { name: "r", version: "4.4", date: "2025-01-31" }],
  ["a_b/c-1", { name: "a_b/c", version: "1" }],
])("%j is a runtime", (text, expected) => {
  expect(parseRuntimeTxt({ path: "runtime.txt", text })).toEqual(expected);
});

test.each(["", "abc", "3.8", "python-", "-3.8", "a-b-c", "r-24-01-31", "r-2024-2-31", "r-2023-02-29", "r-1-2-3-4-5"])(
  "%j is none",
  (text) => {
    expect(() => parseRuntimeTxt({ path: "binder/runtime.txt", text })).toThrow(/^binder\/runtime\.txt:1: /);
  },
);
