import type { Recipe } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe, type PlanOptions } from "../plan/plan-recipe.ts";
import { renderText } from "../render/text.ts";
import { environmentScript } from "../runtime/environment-script.ts";
import { memoryTree } from "../tree/repo-tree.ts";

const trixie = knownBaseFacts("debootstrap:trixie")!;
const bullseye = knownBaseFacts("debootstrap:bullseye")!;
const forge = "https://conda.anaconda.org/conda-forge";

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  return planRecipe(memoryTree(files), { base: trixie, platform: "linux/amd64", ...options });
}

function scriptOf(recipe: Recipe, group: string): string {
  const steps = recipe.groups.find(({ name }) => name === group)?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? `# in ${step.cwd}\n${step.script}` : "")).join("\n");
}

/** What is asked of the installer. */
function requestOf(recipe: Recipe): { specs?: string[]; channels?: string[]; packages?: object[] } {
  const json = /conda\.json <<'R2S_END'\n(?<json>[\s\S]*?)\nR2S_END/.exec(scriptOf(recipe, "environment"))?.groups?.[
    "json"
  ];
  return JSON.parse(json ?? "{}") as { specs?: string[]; channels?: string[]; packages?: object[] };
}

describe("environment.yml with conda packages", () => {
  const text = "channels: [bioconda]\ndependencies: [python=3.9, samtools, {pip: [six]}]\nvariables: {COLOUR: blue}\n";

  test("is solved with what every environment has", () => {
    const recipe = plan({ "environment.yml": text });

    expect(recipe.family).toBe("conda");
    expect(requestOf(recipe)).toMatchObject({
      channels: ["https://conda.anaconda.org/bioconda", forge],
      specs: ["python=3.9", "samtools", "pip", "ipykernel"],
    });
    expect(scriptOf(recipe, "environment")).toMatch(/\nsix\n[\s\S]*uv pip install --python \/srv\/env\/bin\/python/);
    expect(recipe.environment).toMatchObject({ CONDA_PREFIX: "/srv/env", COLOUR: "blue" });
  });

  test("reads its activation when a program starts", () => {
    expect(environmentScript(plan({ "environment.yml": text }))).toContain(". /srv/env/etc/conda/repo2singularity.sh");
    expect(environmentScript(plan({ "requirements.txt": "" }))).not.toContain("etc/conda");
  });

  test("has its server and its installer on a Python of their own", () => {
    expect(renderText(plan({ "environment.yml": text }))).toMatch(
      /Python 3\.13 for the server: .*kept apart from conda/,
    );
    expect(renderText(plan({ "environment.yml": text }, { base: bullseye }))).toMatch(/Python 3\.14 for the server/);
  });

  test("gets R's kernel with packages of R", () => {
    expect(requestOf(plan({ "environment.yml": "dependencies: [r-base=4.3]\n" })).specs).toEqual([
      "r-base=4.3",
      "python",
      "pip",
      "ipykernel",
      "r-irkernel",
    ]);
  });

  test("installs pip packages of the repository after the copy, from the file's folder", () => {
    const recipe = plan({ "binder/environment.yml": "dependencies: [zlib, {pip: [-e ..]}]\n" });

    expect(scriptOf(recipe, "content")).toMatch(/# in \/srv\/repo\/binder\n[\s\S]*\n-e \.\.\n/);
  });

  test("means a line of Python by two numbers", () => {
    expect(requestOf(plan({ "environment.yml": "dependencies: [python 3.9, zlib]\n" })).specs).toContain("python=3.9");
  });

  test("takes the Python of --python", () => {
    expect(requestOf(plan({ "environment.yml": text }, { pythonRequest: "3.12" })).specs).toContain("python=3.12");
  });
});

describe("the choice between conda and uv", () => {
  test("python and pip alone need no conda", () => {
    expect(plan({ "environment.yml": "dependencies: [python=3.13, {pip: [six]}]\n" }).family).toBe("python");
  });

  test("a Python that nobody else has comes from conda", () => {
    const recipe = plan({ "environment.yml": "dependencies: [python=2.7, {pip: [six]}]\n" });

    expect(recipe.family).toBe("conda");
    expect(scriptOf(recipe, "environment")).toContain("-m pip install -r /tmp/requirements.txt");
  });
});

describe("lists of conda packages", () => {
  const python = `${forge}/linux-64/python-3.11.5-h1_0_cpython.conda`;
  const list = `@EXPLICIT\n${python}\n`;

  test("are installed as they are, what they lack for a kernel added from the Python index", () => {
    const recipe = plan({ "conda-linux-64.lock": list });

    expect(requestOf(recipe).packages).toEqual([{ url: python }]);
    expect(scriptOf(recipe, "environment")).toMatch(/\npip\nipykernel\n[\s\S]*uv pip freeze/);
    expect(renderText(recipe)).toContain("which is asked for 3.11.5");
  });

  test.each([
    ["@EXPLICIT\n", /has no python/],
    [list.replaceAll("linux-64", "osx-64"), /is not for linux-64/],
  ])("%j is refused", (text, message) => {
    expect(() => plan({ "conda-linux-64.lock": text })).toThrow(message);
  });

  test("a conda-lock.yml that was made from environment.yml goes before it", () => {
    const lock = (source: string): string =>
      `version: 1\nmetadata: {sources: [${source}]}\npackage: [{name: python, version: 3.11.5, manager: conda, platform: linux-64, url: "${python}", hash: {}}]\n`;
    const environment = "dependencies: [python, zlib]\n";

    expect(
      requestOf(plan({ "environment.yml": environment, "conda-lock.yml": lock("../environment.yml") })).packages,
    ).toHaveLength(1);
    expect(requestOf(plan({ "environment.yml": environment, "conda-lock.yml": lock("other.yml") })).specs).toContain(
      "zlib",
    );
  });

  test("requirements.txt goes before files that repo2docker does not know", () => {
    expect(plan({ "requirements.txt": "six\n", "conda-linux-64.lock": list }).family).toBe("python");
    expect(plan({ "pyproject.toml": "[tool.pixi.dependencies]\nzlib = '*'\n" }).family).toBe("conda");
    expect(plan({ "pixi.toml": "[dependencies]\nzlib = '*'\n" }, { compat: "repo2docker" }).family).toBe("python");
  });

  test("a text file that is no list of addresses is none", () => {
    expect(plan({ "explicit.txt": "numpy\n" }).family).toBe("python");
  });
});
