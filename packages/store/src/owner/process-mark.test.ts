import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { fateOf, formatMark, freshName, ownMark, tryParseMark } from "./process-mark.ts";

test("a name tells whose it is", () => {
  const mark = ownMark();

  expect(tryParseMark(freshName(mark))).toEqual(mark);
  expect(tryParseMark(formatMark(mark))).toEqual(mark);
  expect(tryParseMark("a file of somebody else")).toBeUndefined();
});

test("this process is alive and one that has ended is dead", () => {
  const ended = spawnSync(process.execPath, ["-e", ""]).pid;

  expect(fateOf(ownMark())).toBe("alive");
  expect(fateOf({ ...ownMark(), pid: ended })).toBe("dead");
});

test.runIf(existsSync("/proc/self/stat"))(
  "a number that was given to a newer process does not keep a mark alive",
  () => {
    expect(fateOf({ ...ownMark(), start: "1" })).toBe("dead");
  },
);

test("nothing is known of a process on another host", () => {
  expect(fateOf({ ...ownMark(), place: "0123456789ab" })).toBe("unknown");
});
