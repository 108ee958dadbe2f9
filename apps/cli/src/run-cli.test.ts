import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runInHome, type Written } from "./testing/run-in-home.ts";

let home = "";

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "cli-"));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

/** Runs a command line in an empty home and collects what it writes. */
function run(...args: string[]): Promise<Written> {
  return runInHome(home, args);
}

test("--help tells every command and is no failure", async () => {
  const { status, stdout } = await run("--help");

  expect(status).toBe(0);
  for (const word of ["plan", "inspect", "image", "cache", "doctor", "--ref", "--run"]) expect(stdout).toContain(word);
});

test.each([
  [["--nope", "."], "--nope"],
  [["--image-name", "../x", "."], "--image-name"],
  [["--image-name", "-x", "."], "--image-name"],
  [["--block-size", "3K", "."], "--block-size"],
  [["--username-prefix", "a/b/c", "."], "--username-prefix"],
  [["--endpoint-url", "ftp://x", "."], "--endpoint-url"],
  [["--step-timeout", "0", "."], "--step-timeout"],
  [["--port", "65536", "."], "--port"],
  [["image", "pack", "a", "b", "--level", "23"], "--level"],
])("%j is refused as usage, naming the option", async (args, named) => {
  const { status, stderr } = await run(...args);

  expect(status).toBe(2);
  expect(stderr).toContain(named);
});

test("no repository is refused with what to do", async () => {
  const { status, stderr } = await run();

  expect(status).toBe(2);
  expect(stderr).toMatch(/no repository was given\nhint: run repo2singularity --help\n\(E_USAGE\)/);
});

test.each([
  ["--push", "--username-prefix"],
  ["--pull", "--username-prefix"],
  ["--remote", "--endpoint-url"],
])("%s says that it needs %s before anything is built", async (option, missing) => {
  const { status, stderr } = await run(option, "https://git.example.org/ann/demo");

  expect(status).toBe(2);
  expect(stderr).toContain(`add ${missing}`);
});

test("a command without --run is refused before anything is built", async () => {
  const { status, stderr } = await run(".", "--", "python", "x.py");

  expect(status).toBe(2);
  expect(stderr).toContain("add --run");
});

test("errors are one JSON object with --json-logs", async () => {
  const { stderr } = await run("--json-logs", "--push", ".");

  expect(JSON.parse(stderr)).toMatchObject({ type: "error", code: "E_USAGE" });
});

test("a plan of a folder is printed in every form, without anything but the plan on standard output", async () => {
  await writeFile(path.join(home, "requirements.txt"), "numpy\n");

  const text = await run("plan", ".", "--base", "debootstrap:bookworm");
  const json = await run("plan", ".", "--base", "debootstrap:bookworm", "--format", "json");
  const dockerfile = await run("plan", ".", "--base", "debootstrap:bookworm", "--format", "dockerfile");
  const definition = await run("plan", ".", "--base", "debootstrap:bookworm", "--format", "def");

  expect(text.stdout).toMatch(/uses\s+requirements\.txt/);
  expect(JSON.parse(json.stdout)).toMatchObject({ family: "python", base: "debootstrap:bookworm" });
  expect(dockerfile.stdout).toMatch(/^FROM /m);
  expect(definition.stdout).toMatch(/^Bootstrap: /m);
});

test("a file that is no image is told as such", async () => {
  await writeFile(path.join(home, "x.sif"), "not an image, but long enough to hold a header of either kind".repeat(4));

  const listed = await run("image", "list", "x.sif");

  expect(listed).toMatchObject({ status: 2 });
  expect(listed.stderr).toContain("(E_IMAGE_FORMAT)");
});

test("a folder is packed, listed, verified and unpacked", async () => {
  await writeFile(path.join(home, "data.txt"), "hello\n".repeat(1000));

  const packed = await run("image", "pack", ".", path.join(home, "..", `${path.basename(home)}.sqfs`));
  const image = path.join(home, "..", `${path.basename(home)}.sqfs`);
  const refused = await run("image", "pack", ".", image);
  const listed = await run("image", "list", image);
  const verified = await run("image", "verify", image);
  const unpacked = await run("image", "unpack", image, "out");
  await rm(image);

  expect(packed).toMatchObject({ status: 0 });
  expect(refused.stderr).toContain("(E_OUTPUT_EXISTS)");
  expect(listed.stdout).toContain("/data.txt");
  expect(verified.stdout).toContain("0 problems");
  expect(unpacked).toMatchObject({ status: 0 });
});

test("lint tells places, rules and what to do, and fails on errors only", async () => {
  await writeFile(path.join(home, "requirements.txt"), "numpy\n");
  const warned = await run("lint", ".", "--base", "debootstrap:bookworm");
  await writeFile(path.join(home, "repo2singularity.yaml"), "gpus: 1\n");
  const failed = await run("lint", ".", "--base", "debootstrap:bookworm");
  const json = await run("lint", ".", "--base", "debootstrap:bookworm", "--json");

  expect(warned).toMatchObject({ status: 0 });
  expect(warned.stdout).toContain("requirements.txt:1: warning: requirements without a version: numpy");
  expect(failed).toMatchObject({ status: 1, stderr: "" });
  expect(failed.stdout).toContain(
    "repo2singularity.yaml:1: error: gpus is no key of this file (own-file)\n  did you mean gpu?",
  );
  expect(failed.stdout).toMatch(/^1 error, 1 warning, 0 notes$/m);
  expect(JSON.parse(json.stdout)).toContainEqual(
    expect.objectContaining({ rule: "own-file", severity: "error", path: "repo2singularity.yaml", line: 1 }),
  );
});

test("a plan tells the day, the card and the own file, and refuses a day that is none", async () => {
  await writeFile(path.join(home, "repo2singularity.yaml"), "gpu: cuda\nbase: debootstrap:bookworm\n");

  const dated = await run("plan", ".", "--date", "2024-05-01");
  const wrong = await run("plan", ".", "--date", "soon");

  expect(dated.stdout).toContain("base      debootstrap:bookworm@2024-05-01");
  expect(dated.stdout).toContain("takes    date 2024-05-01: --date asks for it");
  expect(dated.stdout).toContain("takes    GPU cuda: repo2singularity.yaml asks for it");
  expect(wrong).toMatchObject({ status: 2 });
  expect(wrong.stderr).toContain("(E_USAGE)");
});
