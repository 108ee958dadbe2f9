import { expect, test } from "vitest";
import { nearNames } from "./near-names.ts";

test("mistyped, shortened and wrongly capitalised names are found, the nearest first", () => {
  const names = ["main", "develop", "release/1.0", "release/1.1", "gh-pages"];

  expect(nearNames("mian", names, 3)).toEqual(["main"]);
  expect(nearNames("Main", names, 3)).toEqual(["main"]);
  expect(nearNames("release", names, 3)).toEqual(["release/1.0", "release/1.1"]);
  expect(nearNames("something-else", names, 3)).toEqual([]);
});
