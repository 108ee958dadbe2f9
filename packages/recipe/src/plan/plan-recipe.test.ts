import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { renderJson } from "../render/json.ts";
import { renderText } from "../render/text.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import { planRecipe, type PlanOptions } from "./plan-recipe.ts";
import { Recipe } from "@repo2singularity/contracts";

const trixie = knownBaseFacts("debootstrap:trixie")!;

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  return planRecipe(memoryTree(files), { base: trixie, platform: "linux/amd64", ...options });
}

function earlyGroups(recipe: Recipe): Recipe["groups"] {
  return recipe.groups.filter(({ name }) => name !== "content" && name !== "post-build");
}

function scriptOf(recipe: Recipe, group: string): string {
  const steps = recipe.groups.find(({ name }) => name === group)?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? step.script : "")).join("\n");
}

describe("the groups of a plan", () => {
  test("a repository with every kind of file has all groups in order", () => {
    const recipe = plan({
      "requirements.txt": "six\n",
      "apt.txt": "tree\n",
      postBuild: "#!/bin/sh\ntrue\n",
      start: '#!/bin/sh\nexec "$@"\n',
    });

    expect(recipe.groups.map(({ name }) => name)).toEqual([
      "system",
      "server",
      "apt",
      "environment",
      "content",
      "post-build",
    ]);
    expect(recipe.startScript).toBe("/srv/repo/start");
    expect(Recipe.parse(JSON.parse(renderJson(recipe)))).toEqual(recipe);
    expect(renderText(recipe)).toContain("uses     requirements.txt");
  });

  test("an empty repository gets Python and the server", () => {
    const recipe = plan({ "README.md": "" });

    expect(recipe.groups.map(({ name }) => name)).toEqual(["system", "server", "environment", "content"]);
    expect(renderText(recipe)).toContain("no file describes one");
  });

  test("a change of content changes no group before it", () => {
    const before = plan({ "requirements.txt": "six # one\n", "a.ipynb": "1" });
    const after = plan({ "requirements.txt": "# two\nsix\n", "b.ipynb": "2", start: "#!/bin/sh\n" });

    expect(earlyGroups(after)).toEqual(earlyGroups(before));
    expect(after.environment).toEqual(before.environment);
  });

  test("a package of the repository itself is installed after the copy, its dependencies before", () => {
    const recipe = plan({
      "pyproject.toml":
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["six>=1.16"]\n[build-system]\nrequires = ["hatchling"]\n',
    });

    expect(scriptOf(recipe, "environment")).toContain("\nsix>=1.16\n");
    expect(scriptOf(recipe, "content")).toContain("\n.\n");
  });

  test("requirements that point into the repository wait for it", () => {
    const recipe = plan({ "requirements.txt": "six\n-e .\n", "setup.cfg": "" });

    expect(scriptOf(recipe, "environment")).not.toContain("six");
    expect(scriptOf(recipe, "content")).toContain("six\n-e .\n");
  });
});
