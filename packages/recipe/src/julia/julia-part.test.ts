import type { Recipe } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe, type PlanOptions } from "../plan/plan-recipe.ts";
import { memoryTree } from "../tree/repo-tree.ts";

const trixie = knownBaseFacts("debootstrap:trixie")!;

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  return planRecipe(memoryTree(files), { base: trixie, platform: "linux/amd64", ...options });
}

function titles(recipe: Recipe, group: string): readonly string[] {
  return (recipe.groups.find(({ name }) => name === group)?.steps ?? []).map(({ title }) => title);
}

function scriptOf(recipe: Recipe): string {
  const steps = recipe.groups.find(({ name }) => name === "julia")?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? step.script : "")).join("\n");
}

function reasonFor(recipe: Recipe, subject: string): string | undefined {
  return recipe.decisions.find((decision) => decision.subject === subject)?.reason;
}

const project = '[deps]\nExample = "7876af07-990d-54b4-ab0e-23690620f79a"\n';
const manifest = `julia_version = "1.10.4"
manifest_format = "2.0"
[[deps.Example]]
git-tree-sha1 = "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc"
`;

describe("the choice of Julia", () => {
  test.each<[string, Record<string, string>, string, string]>([
    ["nothing asks", { "Project.toml": project }, "Julia", "nothing asks for a version"],
    ["the project asks", { "Project.toml": '[compat]\njulia = "1.6 - 1.9"\n' }, "Julia", "asks for 1.6 - 1.9"],
    [
      "the manifest goes before the project",
      { "Project.toml": '[compat]\njulia = "1.6"\n', "Manifest.toml": manifest },
      "Julia 1.10.4",
      "Manifest.toml was made by Julia 1.10.4",
    ],
    [
      "JuliaProject.toml goes before Project.toml",
      { "JuliaProject.toml": '[compat]\njulia = "~1.9"\n', "Project.toml": project },
      "Julia",
      "JuliaProject.toml asks for ~1.9",
    ],
    [
      "a manifest of a release candidate",
      { "Project.toml": project, "Manifest.toml": 'julia_version = "1.12.0-rc1"\n' },
      "Julia 1.12.0-rc1",
      "was made by Julia 1.12.0-rc1",
    ],
    [
      "a manifest of a build from source has a line only",
      { "Project.toml": project, "Manifest.toml": 'julia_version = "1.12.0-DEV.55"\n' },
      "Julia",
      "was made by Julia 1.12.0-DEV.55",
    ],
  ])("%s", (_name, files, subject, reason) => {
    expect(reasonFor(plan(files), subject)).toContain(reason);
  });

  test("the ranges stand in the step, with the platform", () => {
    const recipe = plan({ "Project.toml": '[compat]\njulia = "~1.9, 1.11"\n' }, { platform: "linux/arm64" });
    const written = /'R2S_END'\n(?<json>\{[^]*?\n\})\nR2S_END/.exec(scriptOf(recipe))?.groups?.["json"];

    expect(JSON.parse(written ?? "")).toMatchObject({
      ranges: [
        { from: "1.9.0", below: "1.10.0" },
        { from: "1.11.0", below: "2.0.0" },
      ],
      triplet: "aarch64-linux-gnu",
    });
  });

  test.each([
    ["a version that is none", { "Project.toml": '[compat]\njulia = "latest"\n' }, "Project.toml"],
    ["TOML that cannot be parsed", { "Project.toml": "[deps\n" }, "Project.toml:1"],
    [
      "a manifest's version that is none",
      { "Project.toml": project, "Manifest.toml": 'julia_version = "new"\n' },
      "Manifest.toml",
    ],
  ])("%s is an error that names the place", (_name, files, place) => {
    expect(() => plan(files)).toThrowError(
      expect.objectContaining({ code: "E_RECIPE_FILE_INVALID", message: expect.stringContaining(place) }),
    );
  });

  test("REQUIRE alone is refused with what to do", () => {
    expect(() => plan({ REQUIRE: "julia 0.6\n" })).toThrowError(
      expect.objectContaining({ code: "E_RECIPE_JULIA_UNSUPPORTED", hint: expect.stringContaining("Project.toml") }),
    );
  });
});

describe("the packages of Julia", () => {
  test("come before the repository, so that a change of a notebook installs nothing", () => {
    const files = { "Project.toml": project, "Manifest.toml": manifest, "LocalPreferences.toml": "" };
    const [before, after] = [plan({ ...files, "a.ipynb": "1" }), plan({ ...files, "a.ipynb": "2" })];
    const copy = before.groups.flatMap(({ steps }) => steps).find(({ title }) => title === "Copy Julia's files");

    expect(titles(before, "julia")).toContain("Install the packages of Project.toml");
    expect(titles(before, "content")).toEqual(["Copy the repository"]);
    expect(copy).toMatchObject({ paths: ["Project.toml", "LocalPreferences.toml", "Manifest.toml"] });
    expect(after.groups.slice(0, -1)).toEqual(before.groups.slice(0, -1));
  });

  test.each<[string, Record<string, string>]>([
    ["a manifest's path", { "Project.toml": project, "Manifest.toml": `${manifest}[[deps.Own]]\npath = "Own"\n` }],
    ["an old manifest's path", { "Project.toml": project, "Manifest.toml": '[[Own]]\npath = "Own"\n' }],
    ["a source of the project", { "Project.toml": `${project}[sources]\nOwn = { path = "Own" }\n` }],
    ["a workspace", { "Project.toml": `${project}[workspace]\nprojects = ["docs"]\n` }],
  ])("wait for the repository when %s leads into it", (_name, files) => {
    const recipe = plan(files);

    expect(titles(recipe, "julia")).not.toContain("Install the packages of Project.toml");
    expect(titles(recipe, "content")).toContain("Install the packages of Project.toml");
  });

  test("belong to the project in the configuration folder", () => {
    const recipe = plan({ "binder/Project.toml": project });

    expect(recipe.environment["JULIA_PROJECT"]).toBe("/srv/repo/binder");
    expect(recipe.environment["JULIA_DEPOT_PATH"]).not.toContain("~");
    expect(recipe.pathPrefix).toContain("/srv/julia/bin");
  });
});

describe("Julia beside other languages", () => {
  const all = {
    "Project.toml": project,
    "requirements.txt": "six\n",
    DESCRIPTION: "Package: x\n",
    "default.nix": "{}",
  };

  test("comes after Python and R", () => {
    const recipe = plan(all);

    expect(recipe.groups.map(({ name }) => name)).toEqual([
      "system",
      "server",
      "apt",
      "environment",
      "r",
      "julia",
      "content",
    ]);
    expect(recipe.family).toBe("julia");
    expect(reasonFor(recipe, "requirements.txt")).toBeDefined();
    expect(reasonFor(recipe, "default.nix")).toBe("Project.toml goes before it and describes the environment");
  });

  test("by repo2docker's rule is alone with Python", () => {
    const recipe = plan({ ...all, Pipfile: "" }, { compat: "repo2docker" });

    expect(recipe.groups.map(({ name }) => name)).toEqual(["system", "server", "environment", "julia", "content"]);
    expect(reasonFor(recipe, "requirements.txt")).toBeDefined();
  });

  test("stands on a conda environment", () => {
    const recipe = plan({ "Project.toml": project, "environment.yml": "dependencies:\n  - python=3.12\n  - numpy\n" });

    expect(recipe.groups.map(({ title }) => title)).toContain("Conda environment");
    expect(recipe.groups.map(({ name }) => name)).toContain("julia");
  });
});
