import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readInside } from "./read-inside.ts";

let folder = "";
let repository = "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "read-inside-"));
  repository = path.join(folder, "repository");
  mkdirSync(path.join(repository, "binder"), { recursive: true });
  writeFileSync(path.join(folder, "secret"), "not yours");
  writeFileSync(path.join(repository, "requirements.txt"), "six\n");
});

afterEach(() => rmSync(folder, { recursive: true }));

test("a file, and a link inside the repository, give their text", () => {
  symlinkSync("../requirements.txt", path.join(repository, "binder/requirements.txt"));

  expect(readInside(repository, "requirements.txt")).toBe("six\n");
  expect(readInside(repository, "binder/requirements.txt")).toBe("six\n");
});

test.each(["/etc/hostname", "../secret", "../secret/", "binder/../../secret"])("a link to %s is refused", (target) => {
  symlinkSync(target.replace(/\/$/, ""), path.join(repository, "apt.txt"));

  expect(() => readInside(repository, "apt.txt")).toThrowError(expect.objectContaining({ code: "E_PATH_ESCAPE" }));
});

test("a folder behind a link out of the repository is refused too", () => {
  mkdirSync(path.join(folder, "other"));
  writeFileSync(path.join(folder, "other/apt.txt"), "tree\n");
  symlinkSync("../other", path.join(repository, ".binder"));

  expect(() => readInside(repository, ".binder/apt.txt")).toThrowError(
    expect.objectContaining({ code: "E_PATH_ESCAPE" }),
  );
});

test("nothing, a folder and a link to nothing give nothing", () => {
  symlinkSync("nowhere", path.join(repository, "start"));

  expect(readInside(repository, "postBuild")).toBeUndefined();
  expect(readInside(repository, "requirements.txt/x")).toBeUndefined();
  expect(readInside(repository, "binder")).toBeUndefined();
  expect(readInside(repository, "start")).toBeUndefined();
});

test("a file above the limit is an error", () => {
  writeFileSync(path.join(repository, "apt.txt"), "x".repeat(4 * 2 ** 20 + 1));

  expect(() => readInside(repository, "apt.txt")).toThrowError(expect.objectContaining({ code: "E_LIMIT_EXCEEDED" }));
});
