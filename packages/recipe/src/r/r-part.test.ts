import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe, type PlanOptions } from "../plan/plan-recipe.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import type { Recipe } from "@repo2singularity/contracts";

const bookworm = knownBaseFacts("debootstrap:bookworm")!;

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  return planRecipe(memoryTree(files), { base: bookworm, platform: "linux/amd64", ...options });
}

function titles(recipe: Recipe, group: string): readonly string[] {
  return (recipe.groups.find(({ name }) => name === group)?.steps ?? []).map(({ title }) => title);
}

function chosen(recipe: Recipe): readonly string[] {
  return recipe.decisions.filter(({ outcome }) => outcome === "chosen").map(({ subject }) => subject);
}

const lock = JSON.stringify({ R: { Version: "4.4.2" }, Packages: {} });

describe("the choice of R", () => {
  test.each([
    ["nothing asks", { DESCRIPTION: "Package: x\n" }, "R 4.2.2"],
    ["the distribution's line is asked for", { "runtime.txt": "r-4.2-2023-01-31" }, "R 4.2.2"],
    ["another line is asked for", { "runtime.txt": "r-4.4-2025-01-31" }, "R 4.4.3"],
    ["a release is asked for", { "runtime.txt": "r-4.3.1" }, "R 4.3.1"],
    ["a lock is there", { "renv.lock": lock }, "R 4.4.3"],
    ["runtime.txt goes before the lock", { "runtime.txt": "r-4.2", "renv.lock": lock }, "R 4.2.2"],
  ])("%s", (_name, files, expected) => {
    expect(chosen(plan(files))).toContain(expected);
  });

  test("an R that nobody builds is an error that lists what was tried", () => {
    expect(() => plan({ "runtime.txt": "r-2.15" })).toThrowError(
      expect.objectContaining({ code: "E_RECIPE_R_UNSUPPORTED", message: expect.stringContaining("4.2.2") }),
    );
  });

  test("a base without apt is refused", () => {
    const alpine = {
      ...bookworm,
      packageManager: "none" as const,
      pythons: [{ version: "3.12", path: "/usr/bin/python3" }],
    };

    expect(() => plan({ "runtime.txt": "r-4.2" }, { base: alpine })).toThrowError(
      expect.objectContaining({ code: "E_RECIPE_BASE_UNFIT" }),
    );
  });
});

describe("the files of R", () => {
  test.each([
    ["a version that is none", { "runtime.txt": "r-four" }, "runtime.txt:1"],
    ["a day before the first snapshot", { "runtime.txt": "r-4.2-2015-01-01" }, "runtime.txt:1"],
    ["a lock that is no JSON", { "renv.lock": "{" }, "renv.lock"],
    ["a lock without R", { "renv.lock": "{}" }, "renv.lock"],
  ])("%s is an error that names the place", (_name, files, place) => {
    expect(() => plan(files)).toThrowError(
      expect.objectContaining({ code: "E_RECIPE_FILE_INVALID", message: expect.stringContaining(place) }),
    );
  });

  test("install.R runs before the copy unless it reads files of the repository", () => {
    const alone = plan({ "install.R": 'install.packages("ggplot2") # source("x")\n' });
    const bound = plan({ "install.R": 'source("setup/packages.R")\n' });

    expect(titles(alone, "r")).toContain("Run install.R");
    expect(titles(alone, "content")).toEqual(["Copy the repository"]);
    expect(titles(bound, "r")).not.toContain("Run install.R");
    expect(titles(bound, "content")).toContain("Run install.R");
  });

  test.each([
    ["one file", { "app.R": "" }, "app.R"],
    ["two files", { "ui.R": "", "server.R": "" }, "server.R"],
  ])("a Shiny app of %s is put behind the server, with the distribution's Shiny", (_name, files, subject) => {
    const [shiny, other] = [plan({ "install.R": "", ...files }), plan({ "install.R": "", "ui.R": "" })];

    expect(shiny.decisions).toContainEqual(expect.objectContaining({ subject, outcome: "used" }));
    expect(titles(shiny, "r")).toContain("Put the app behind the server");
    expect(JSON.stringify(shiny.groups)).toContain("r-cran-shiny");
    expect(JSON.stringify(other.groups)).not.toContain("shiny");
  });

  test("the snapshot's day stands in the image's profile", () => {
    const recipe = plan({ "runtime.txt": "r-4.2-2023-01-31" });
    const profile = recipe.groups
      .flatMap(({ steps }) => steps)
      .find((step) => step.kind === "write" && step.path.endsWith("site.Rprofile"));

    expect(profile).toMatchObject({ content: expect.stringContaining("/__linux__/bookworm/2023-01-31") });
  });

  test("a change of code does not install the packages again", () => {
    const description = { DESCRIPTION: "Package: x\nImports: ggplot2\n" };
    const [before, after] = [plan({ ...description, "R/a.R": "1" }), plan({ ...description, "R/a.R": "2" })];

    expect(after.groups.find(({ name }) => name === "r")).toEqual(before.groups.find(({ name }) => name === "r"));
    expect(titles(after, "content")).toContain("Install the repository as an R package");
  });
});

describe("R beside Python", () => {
  test("both are in the image, Python's packages from requirements.txt", () => {
    const recipe = plan({ "install.R": "install.packages('x')\n", "requirements.txt": "six\n" });

    expect(recipe.groups.map(({ name }) => name)).toEqual(["system", "server", "apt", "environment", "r", "content"]);
    expect(recipe.family).toBe("r");
  });

  test("by repo2docker's rule install.R alone is not R, and DESCRIPTION switches a Pipfile off", () => {
    const alone = plan({ "install.R": "", "requirements.txt": "six\n" }, { compat: "repo2docker" });
    const both = plan(
      { DESCRIPTION: "Package: x\n", Pipfile: "", "requirements.txt": "six\n" },
      { compat: "repo2docker" },
    );

    expect(alone.family).toBe("python");
    expect(both.family).toBe("r");
    expect(both.decisions.map(({ subject }) => subject)).toContain("requirements.txt");
  });
});
