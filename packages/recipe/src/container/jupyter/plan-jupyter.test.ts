import type { Recipe } from "@repo2singularity/contracts";
import { expect, test } from "vitest";
import { factsFromFiles } from "../../base/facts-from-files.ts";
import { planJupyter } from "./plan-jupyter.ts";

function planOn(pythonPaths: readonly string[], path: string, python?: string): Recipe {
  const base = factsFromFiles("Dockerfile", { osRelease: "ID=debian", hasApt: false, pythonPaths });
  return planJupyter({ base, path, platform: "linux/amd64", python });
}

function environmentScripts(recipe: Recipe): string[] {
  const steps = recipe.groups.find(({ name }) => name === "environment")?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? step.script : ""));
}

test("the Python that stands first on the image's PATH is that of its notebooks", () => {
  const pythons = ["/usr/local/bin/python3.12", "/srv/model/bin/python3.11", "/usr/bin/python3.11"];

  const [first, second] = environmentScripts(planOn(pythons, "/srv/model/bin:/usr/local/bin:/usr/bin"));

  expect(first).toContain("python=/srv/model/bin/python3.11\n");
  expect(second).toContain("python=/srv/model/bin/python3.11\n");
  expect(second).toContain("packages-of-the-image.pth");
});

test("a version that is asked for goes before PATH", () => {
  const pythons = ["/usr/local/bin/python3.12", "/usr/bin/python3.11"];

  const [first] = environmentScripts(planOn(pythons, "/usr/local/bin:/usr/bin", "3.11"));

  expect(first).toContain("python=/usr/bin/python3.11\n");
});

test("an image without Python gets one, and the repository is all that follows the software", () => {
  const recipe = planOn([], "/usr/bin:/bin");

  expect(environmentScripts(recipe)[0]).toContain("uv python install");
  expect(recipe.groups.map(({ name }) => name)).toEqual(["server", "environment", "content"]);
});
