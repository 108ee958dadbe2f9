import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Recipe, Step } from "@repo2singularity/contracts";
import { afterAll, describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe } from "../plan/plan-recipe.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import { renderDefinition } from "./definition.ts";
import { renderDockerfile } from "./dockerfile.ts";

const full = planRecipe(
  memoryTree({
    "requirements.txt": "six\n-e ./pkg\n",
    "pkg/setup.py": "",
    "apt.txt": "tree\n",
    postBuild: "#!/bin/sh\nnpm install -g x\n",
    start: "#!/bin/sh\n",
  }),
  { base: knownBaseFacts("debootstrap:trixie")!, platform: "linux/amd64" },
);

const folder = mkdtempSync(path.join(tmpdir(), "r2s-render-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A recipe of nothing but one group. */
function recipeOf(...steps: Step[]): Recipe {
  return { ...full, environment: {}, groups: [{ name: "content", title: "x", steps }] };
}

function write(name: string, content: string): Step {
  return { kind: "write", title: "Write it", path: path.join(folder, name), content, mode: 0o640 };
}

/** What `%post` does, without the lines that touch the machine's own folders. */
function runPost(recipe: Recipe): void {
  const script = path.join(folder, "post.sh");
  const sections = renderDefinition(recipe)
    .split(/^%(?=[a-z])/m)
    .filter((section) => section.startsWith("post\n"));
  const lines = sections
    .map((section) => section.replace("post\n", ""))
    .join("")
    .split("\n");
  writeFileSync(script, lines.filter((line) => !line.includes("/run/repo2singularity")).join("\n"));
  execFileSync("/bin/sh", ["-e", script]);
}

describe("an Apptainer definition", () => {
  test("names the base, takes uv from its image and holds every step", () => {
    const text = renderDefinition(full);

    expect(text).toMatch(
      /^# Made by repo2singularity.*\n\nBootstrap: docker\nFrom: ghcr\.io\/astral-sh\/uv:\d.*\nStage: uv\n\nBootstrap: docker\nFrom: debian:trixie\nStage: final\n/,
    );
    for (const { title } of full.groups.flatMap(({ steps }) => steps)) expect(text).toContain(`# ${title}`);
    expect(text).toContain("%files\n    . /srv/repo\n");
    expect(text).toContain("%runscript\n#!/bin/sh\n");
  });

  test("has no section that Apptainer is too short of memory to read", () => {
    const sections = renderDefinition(full).split(/^%/m);

    expect(Math.max(...sections.map((section) => Buffer.byteLength(section)))).toBeLessThan(65_536);
  });

  test.each([
    ["lines that look like sections", "%post\n%% x\n  %files\n"],
    ["quotes, dollars and backslashes", "'a' \"$HOME\" `x` \\n \\\n"],
    ["its own delimiter", "R2S_FILE\n|R2S_FILE\n"],
    ["empty lines at both ends", "\n\nx\n\n"],
    ["nothing", ""],
    ["more than a section holds", `${"x".repeat(99)}\n`.repeat(2000)],
  ])("writes a file with %s byte by byte", (_name, content) => {
    runPost(recipeOf(write("file", content)));

    expect(readFileSync(path.join(folder, "file"), "utf8")).toBe(content);
    expect(statSync(path.join(folder, "file")).mode & 0o777).toBe(0o640);
  });

  test.each([
    ["docker://python:3.12", "docker", "python:3.12"],
    ["./base.sif", "localimage", "./base.sif"],
    ["docker-archive:x.tar", "docker-archive", "x.tar"],
    ["oci:dir", "oci", "dir"],
    ["debootstrap:noble", "docker", "ubuntu:noble"],
  ])("of %s bootstraps by %s", (base, agent, from) => {
    expect(renderDefinition({ ...full, base }, { uvFile: "./my uv" })).toContain(
      `Bootstrap: ${agent}\nFrom: ${from}\nStage: final\n\n%files\n    ./my\\ uv /usr/local/bin/uv\n`,
    );
  });
});

describe("a Dockerfile", () => {
  const text = renderDockerfile(full);

  test("holds every step in order", () => {
    const places = full.groups.flatMap(({ steps }) => steps.map(({ title }) => title));

    expect(text).toMatch(/^# syntax=docker\/dockerfile:1\n/);
    expect(text).toContain("\nFROM debian:trixie\n");
    for (const title of places.filter((title) => !title.startsWith("Copy"))) expect(text).toContain(`\n# ${title}\n`);
    expect(text.indexOf('COPY [".","/srv/repo/"]')).toBeGreaterThan(text.indexOf("# ---- environment"));
  });

  test("keeps build variables out of the image", () => {
    expect(text).toContain("\nARG SOURCE_DATE_EPOCH=");
    expect(text).not.toMatch(/^ENV .*SOURCE_DATE_EPOCH/m);
  });

  test("ends every here-document where its text ends", () => {
    const tricky = renderDockerfile(recipeOf(write("file", "R2S_FILE\nx\nR2S_FILE_2\n")));

    expect(tricky).toContain("<<'R2S_FILE_3' ");
    expect(tricky).toContain("\nR2S_FILE\nx\nR2S_FILE_2\nR2S_FILE_3\n");
  });

  test("quotes what Dockerfiles would read", () => {
    const labelled = renderDockerfile({ ...full, labels: { title: 'say "hi" for $5 \\' } });

    expect(labelled).toContain(String.raw`LABEL title="say \"hi\" for \$5 \\"`);
  });

  test("cannot start from a file of this machine", () => {
    expect(() => renderDockerfile({ ...full, base: "./base.sif" })).toThrow(
      expect.objectContaining({ code: "E_USAGE" }),
    );
  });

  test("has scripts that sh can read", () => {
    const scripts = [...text.matchAll(/^RUN .*<<'(?<end>\w+)'\n(?<script>[\s\S]*?)^\k<end>$/gm)];

    expect(scripts.length).toBeGreaterThan(10);
    for (const { groups } of scripts) execFileSync("/bin/sh", ["-n"], { input: groups?.["script"] ?? "" });
  });
});
