import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe, type PlanOptions } from "../plan/plan-recipe.ts";
import { renderDockerfile } from "../render/dockerfile.ts";
import { environmentScript } from "../runtime/environment-script.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import { readOwnFile } from "./read-own-file.ts";
import type { Recipe } from "@repo2singularity/contracts";

const bookworm = knownBaseFacts("debootstrap:bookworm")!;

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  const tree = memoryTree(files);
  const own = readOwnFile(tree);
  return planRecipe(tree, {
    base: bookworm,
    platform: "linux/amd64",
    ...(own === undefined ? {} : { own }),
    ...options,
  });
}

function aptScript(recipe: Recipe): string {
  const step = recipe.groups.find(({ name }) => name === "apt")?.steps[0];
  return step?.kind === "run" ? step.script : "";
}

describe("a plan with an own file", () => {
  test("its packages join those of apt.txt", () => {
    const recipe = plan({ "apt.txt": "tree\n", "repo2singularity.yaml": "packages: [jq, tree]\n" });

    expect(aptScript(recipe)).toContain("set -- jq tree\n");
    expect(recipe.decisions).toContainEqual({
      subject: "repo2singularity.yaml: packages",
      outcome: "used",
      reason: "2 packages are installed",
    });
  });

  test("packages on a base without apt are refused with the name of the file", () => {
    const base = { ...bookworm, packageManager: "none" as const, packagedPythons: [] };

    expect(() => plan({ "repo2singularity.yaml": "packages: [jq]\n" }, { base })).toThrow(
      expect.objectContaining({
        code: "E_RECIPE_BASE_UNFIT",
        message: expect.stringContaining("repo2singularity.yaml"),
      }),
    );
  });

  test("its variables go over those of the environment, in the image and in steps that are the repository's own", () => {
    const files = { "apt.txt": "tree\n", postBuild: "#!/bin/sh\n" };
    const recipe = plan({ ...files, "repo2singularity.yaml": "env: {LANG: de_DE.UTF-8, HOMEPAGE: x}\n" });
    const without = plan({ ...files, "repo2singularity.yaml": "gpu: none\n" });
    const shared = (one: Recipe): unknown => one.groups.filter(({ name }) => name === "system" || name === "server");
    const postBuild = recipe.groups.find(({ name }) => name === "post-build")?.steps[0];

    expect(environmentScript(recipe)).toContain("export LANG='de_DE.UTF-8'\n");
    expect(renderDockerfile(recipe)).toContain("LANG=de_DE.UTF-8");
    expect(postBuild).toMatchObject({ env: { LANG: "de_DE.UTF-8", HOMEPAGE: "x", HOME: "/srv/home" } });
    expect(shared(recipe)).toEqual(shared(without));
    expect(recipe.environment).toEqual(without.environment);
  });

  test("its command takes Jupyter's place", () => {
    const recipe = plan({ "repo2singularity.yaml": "command: voila  x.ipynb\n" });

    expect(recipe.command).toEqual(["/bin/sh", "-c", "voila  x.ipynb"]);
    expect(plan({ "repo2singularity.yaml": "command: [voila, x y.ipynb]\n" }).command).toEqual(["voila", "x y.ipynb"]);
  });

  test("resources become labels in plain units", () => {
    const text = "resources: {cpus: 4, memory: 1.5G, time: 1-02:03:04, gpus: 2}\n";

    expect(plan({ "repo2singularity.yaml": text }).labels).toEqual({
      "org.repo2singularity.resources.cpus": "4",
      "org.repo2singularity.resources.memory-bytes": "1610612736",
      "org.repo2singularity.resources.time-seconds": "93784",
      "org.repo2singularity.resources.gpus": "2",
    });
  });

  test("languages beside Python are installed in the order that it declares, those that it leaves out behind", () => {
    const files = { "install.R": "", "Project.toml": "" };
    const order = (text: string): readonly string[] =>
      plan({ ...files, "repo2singularity.yaml": text })
        .groups.map(({ name }) => name as string)
        .filter((name) => name === "r" || name === "julia");

    expect(order("gpu: none\n")).toEqual(["r", "julia"]);
    expect(order("languages: [julia, r]\n")).toEqual(["julia", "r"]);
    expect(order("languages: [python, julia]\n")).toEqual(["julia", "r"]);
  });

  test("what it sets and which others it goes before are decisions", () => {
    const recipe = plan({ "repo2singularity.yaml": "gpu: none\n", "repo2singularity.yml": "" });

    expect(recipe.decisions.slice(0, 2)).toEqual([
      { subject: "repo2singularity.yaml", outcome: "used", reason: "it sets gpu" },
      { subject: "repo2singularity.yml", outcome: "ignored", reason: "repo2singularity.yaml goes before it" },
    ]);
  });

  test("a repository without one is planned as ever", () => {
    expect(plan({ "requirements.txt": "six\n" }).labels).toEqual({});
  });
});

describe("graphics cards", () => {
  const gpuOf = (files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): unknown =>
    plan(files, options).labels["org.repo2singularity.gpu"];

  test("packages that are made for one say so", () => {
    expect(gpuOf({ "requirements.txt": "torch==2.4.0+cu121\n" })).toBe("cuda");
    expect(gpuOf({ "environment.yml": "dependencies:\n- pytorch-cuda=12.1\n" })).toBe("cuda");
    expect(gpuOf({ "requirements.txt": "six\n" })).toBeUndefined();
  });

  test("the own file goes before packages, the command line before both", () => {
    const files = { "requirements.txt": "torch==2.4.0+cu121\n", "repo2singularity.yaml": "gpu: rocm\n" };

    expect(gpuOf(files)).toBe("rocm");
    expect(gpuOf(files, { gpu: "none" })).toBeUndefined();
    expect(gpuOf(files, { gpu: "auto" })).toBe("rocm");
  });

  test("conda is told of the CUDA that its specifications name, and of none when they name no card", () => {
    const script = (text: string): string => {
      const step = plan({ "environment.yml": text }).groups.find(({ name }) => name === "environment")?.steps[0];
      return step?.kind === "run" ? step.script : "";
    };

    expect(script("dependencies:\n- pytorch-gpu\n- cuda-version=12.4\n")).toContain('"cuda": "12.4"');
    expect(script("dependencies:\n- zlib\n")).not.toContain('"cuda":');
  });
});
