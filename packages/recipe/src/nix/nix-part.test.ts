import type { Recipe } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe, type PlanOptions } from "../plan/plan-recipe.ts";
import { environmentScript } from "../runtime/environment-script.ts";
import { memoryTree } from "../tree/repo-tree.ts";

const trixie = knownBaseFacts("debootstrap:trixie")!;
const bullseye = knownBaseFacts("debootstrap:bullseye")!;

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  return planRecipe(memoryTree(files), { base: trixie, platform: "linux/amd64", ...options });
}

function titles(recipe: Recipe, group: string): readonly string[] {
  return (recipe.groups.find(({ name }) => name === group)?.steps ?? []).map(({ title }) => title);
}

function scriptOf(recipe: Recipe, group: string): string {
  const steps = recipe.groups.find(({ name }) => name === group)?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? step.script : "")).join("\n");
}

describe("a repository with an expression of Nix", () => {
  test("has its shell made before the copy, with the distribution's Nix", () => {
    const recipe = plan({ "default.nix": "with import <nixpkgs> {}; mkShell { packages = [ jq ]; } # ./x\n" });

    expect(recipe.family).toBe("nix");
    expect(scriptOf(recipe, "apt")).toContain("nix-bin");
    expect(titles(recipe, "nix")).toEqual(["Copy Nix's file", "Make the shell of default.nix", "Clean up"]);
    expect(titles(recipe, "content")).toEqual(["Copy the repository"]);
  });

  test.each([
    ["a path beside it", "import ./shell.nix {}\n"],
    ["the folder itself", "{ src = ./.; }\n"],
    ["a path above it", "import ../nix/shell.nix {}\n"],
  ])("waits for the repository when it names %s", (_name, text) => {
    const recipe = plan({ "binder/default.nix": text });

    expect(recipe.groups.map(({ name }) => name)).not.toContain("nix");
    expect(titles(recipe, "content")).toContain("Make the shell of binder/default.nix");
  });

  test("takes the makers' build, checked, where the distribution has none that knows flakes", () => {
    const recipe = plan({ "default.nix": "{}" }, { base: bullseye, platform: "linux/arm64" });

    expect(titles(recipe, "nix")[0]).toBe("Install Nix");
    expect(scriptOf(recipe, "nix")).toContain("/nix/nix-2.13.2/nix-2.13.2-aarch64-linux.tar.xz");
    expect(scriptOf(recipe, "nix")).toContain("4ae275a46a2441d3459ae389a90ce6e8f7eff12c2a084b2d003ba6f8d0899603");
  });

  test("says of other files that they do not count", () => {
    const ignored = plan({ "default.nix": "{}", "requirements.txt": "six\n", "flake.nix": "{}" }).decisions.filter(
      ({ outcome }) => outcome === "ignored",
    );

    expect(ignored.map(({ subject }) => subject)).toEqual(["requirements.txt", "flake.nix"]);
  });

  test("has the shell's variables in every program of the image", () => {
    const [nix, python] = [plan({ "default.nix": "{}" }), plan({ "requirements.txt": "six\n" })];

    expect(environmentScript(nix)).toContain(". /srv/lib/repo2singularity/nix.sh");
    expect(environmentScript(python)).not.toContain("nix.sh");
  });
});

test("a day does not reach Nix, and the plan says what does", () => {
  const date = { day: "2025-09-01", from: "--date" };
  const undated = plan({ "default.nix": "{}" }, { date }).decisions.find(({ subject }) =>
    subject.startsWith("Nix and"),
  );

  expect(undated).toMatchObject({ outcome: "ignored", reason: expect.stringContaining("flake.lock") as string });
});

describe("a flake", () => {
  test("counts when nothing else describes the environment, and waits for the repository", () => {
    const recipe = plan({ "flake.nix": "{}", "flake.lock": "{}" });

    expect(recipe.family).toBe("nix");
    expect(titles(recipe, "content")).toContain("Make the shell of flake.nix");
  });

  test("yields to every other file, and to repo2docker's rule", () => {
    expect(plan({ "flake.nix": "{}", "requirements.txt": "" }).family).toBe("python");
    expect(plan({ "flake.nix": "{}", "environment.yml": "dependencies: [python]" }).family).toBe("python");
    expect(plan({ "flake.nix": "{}" }, { compat: "repo2docker" }).groups.map(({ name }) => name)).not.toContain("nix");
  });
});
