import { expect, test } from "vitest";
import { parseRange } from "./parse-range.ts";

test("one range of bytes is understood in its three forms", () => {
  expect(parseRange("bytes=2-5", 10)).toEqual({ start: 2, end: 6 });
  expect(parseRange("bytes=8-", 10)).toEqual({ start: 8, end: 10 });
  expect(parseRange("bytes=-3", 10)).toEqual({ start: 7, end: 10 });
  expect(parseRange("bytes=0-99", 10)).toEqual({ start: 0, end: 10 });
  expect(parseRange("bytes=-99", 10)).toEqual({ start: 0, end: 10 });
});

test("ranges that hold nothing are told, others that are not understood are ignored", () => {
  for (const header of ["bytes=10-", "bytes=10-20", "bytes=5-2", "bytes=-0"]) {
    expect(parseRange(header, 10), header).toBe("unsatisfiable");
  }
  for (const header of [undefined, "", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2"]) {
    expect(parseRange(header, 10), String(header)).toBeUndefined();
  }
});
