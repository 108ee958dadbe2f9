import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { removeTree } from "@repo2singularity/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceFolder } from "./replace-folder.ts";

let place = "";
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), "replace-folder-"));
});
afterEach(() => removeTree(place));

const fillWith = (name: string) => async (unfinished: string) => {
  mkdirSync(unfinished);
  writeFileSync(path.join(unfinished, name), "");
};

test("a folder takes the place of the one that was there", async () => {
  const folder = path.join(place, "demo");
  await replaceFolder(folder, fillWith("old"));

  await replaceFolder(folder, fillWith("new"));

  expect(readdirSync(place)).toEqual(["demo"]);
  expect(readdirSync(folder)).toEqual(["new"]);
});

test("a failure leaves what was there, and nothing beside it", async () => {
  const folder = path.join(place, "demo");
  await replaceFolder(folder, fillWith("old"));

  const failed = replaceFolder(folder, async (unfinished) => {
    await fillWith("half")(unfinished);
    throw new Error("interrupted");
  });

  await expect(failed).rejects.toThrow("interrupted");
  expect(readdirSync(place)).toEqual(["demo"]);
  expect(readdirSync(folder)).toEqual(["old"]);
});
