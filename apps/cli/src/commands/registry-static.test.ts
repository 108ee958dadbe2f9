import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { runInHome } from "../testing/run-in-home.ts";

const folder = await mkdtemp(path.join(tmpdir(), "r2s-registry-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const registry = (...words: string[]): ReturnType<typeof runInHome> =>
  runInHome(folder, ["registry", ...words.map((word) => word.replace("FOLDER", folder))]);

test("a registry begins, is checked against a branch, and is published", async () => {
  const git = (...words: string[]): string => execFileSync("git", ["-C", folder, ...words], { encoding: "utf8" });

  const service = ["--ci", "github", "--program-url", "https://git.example/program.git"];
  expect(await registry("init", "FOLDER", "--url", "https://lab.example", ...service)).toMatchObject({
    status: 0,
  });
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "begin");
  await writeFile(path.join(folder, "demo.def"), "Bootstrap: scratch\n");
  expect(await registry("add", "lab/demo:v1", "-C", "FOLDER", "--definition", "FOLDER/demo.def")).toMatchObject({
    status: 0,
  });
  const repository = ["--repository", "https://x.example/y", "--ref", "main"];
  expect(await registry("add", "lab/repo:v1", "-C", "FOLDER", ...repository)).toMatchObject({ status: 0 });
  const check = await registry("check", "-C", "FOLDER", "--against", "main");
  const publish = await registry("publish", "-C", "FOLDER", "FOLDER/_site");

  expect(check).toMatchObject({ status: 0 });
  expect(check.stdout).toContain("to build: lab/demo:v1\nto build: lab/repo:v1\n");
  expect(publish).toMatchObject({ status: 0 });
  expect(await readFile(path.join(folder, "_site/lab/repo/index.html"), "utf8")).toContain(
    "No image of this collection",
  );
});

test.each([
  [["add", "lab/demo:v1", "--definition", "FOLDER/demo.def"], "has this tag already"],
  [["add", "Lab/demo:v2", "--definition", "FOLDER/demo.def"], "cannot be a namespace"],
  [["add", "lab/demo", "--definition", "FOLDER/demo.def"], "names no tag"],
  [["add", "lab/demo:v2"], "--definition FILE"],
  [["add", "lab/demo:v2", "--repository", "/etc"], "no repository"],
  [["check", "--against", "--output=x"], "git cannot compare"],
  [["build", "lab/none"], "no recipe"],
])("%j is refused", async (words, text) => {
  const ended = await registry(...words, "-C", "FOLDER");

  expect(ended.status).toBe(2);
  expect(ended.stderr).toContain(text);
});
