import type { Recipe } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../../base/known-base-facts.ts";
import { planRecipe, type PlanOptions } from "../../plan/plan-recipe.ts";
import { renderText } from "../../render/text.ts";
import { memoryTree } from "../../tree/repo-tree.ts";

const trixie = knownBaseFacts("debootstrap:trixie")!;
const hash = `sha256:${"0".repeat(64)}`;
const pyproject = '[project]\nname = "app"\nversion = "1"\n[build-system]\nrequires = ["hatchling"]\n';

function plan(files: Readonly<Record<string, string>>, options: Partial<PlanOptions> = {}): Recipe {
  return planRecipe(memoryTree(files), { base: trixie, platform: "linux/amd64", ...options });
}

function scriptOf(recipe: Recipe, group: string): string {
  const steps = recipe.groups.find(({ name }) => name === group)?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? `# in ${step.cwd}\n${step.script}` : "")).join("\n");
}

function uvLock(source: string, more = ""): string {
  return `version = 1
requires-python = ">=3.12"
[[package]]
name = "app"
version = "1"
source = ${source}
dependencies = [{ name = "six" }]
[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/six-1.16.0-py2.py3-none-any.whl", hash = "${hash}" }]
${more}`;
}

describe("a repository with a lock", () => {
  test("gets just what is pinned, and then what every environment has", () => {
    const script = scriptOf(
      plan({ "pyproject.toml": pyproject, "uv.lock": uvLock('{ virtual = "." }') }),
      "environment",
    );

    expect(script).toContain(`\nsix==1.16.0 --hash=${hash}\n`);
    expect(script).toMatch(
      /'?--no-deps'? '?-r'? [\s\S]*uv pip freeze[\s\S]*ipykernel[\s\S]*-c'? '?\/tmp\/installed\.txt/,
    );
  });

  test("is installed after the copy when the lock says that it is a package", () => {
    const recipe = plan({ "pyproject.toml": pyproject, "uv.lock": uvLock('{ editable = "." }') });

    expect(scriptOf(recipe, "content")).toMatch(/# in \/srv\/repo\n[\s\S]*\n\.\/\n[\s\S]*--no-deps/);
    expect(renderText(recipe)).toContain("uses     uv.lock");
  });

  test("has the Python that the lock was made for", () => {
    const noble = knownBaseFacts("debootstrap:jammy")!;
    const files = { "pyproject.toml": pyproject, "uv.lock": uvLock('{ virtual = "." }') };

    expect(plan(files, { base: noble }).decisions).toContainEqual(
      expect.objectContaining({
        subject: "Python 3.14",
        reason: expect.stringContaining("requires-python in uv.lock"),
      }),
    );
    expect(() => plan({ ...files, "runtime.txt": "python-3.9" })).toThrow('requires-python = ">=3.12" of uv.lock');
  });

  test("of uv has the Python that .python-version names", () => {
    const files = { "uv.lock": uvLock('{ virtual = "." }'), ".python-version": "3.12\n" };

    expect(plan(files).decisions).toContainEqual(
      expect.objectContaining({
        subject: "Python 3.12",
        reason: expect.stringContaining(".python-version asks for 3.12"),
      }),
    );
    expect(() => plan({ ...files, ".python-version": "3.10\n" })).toThrow(/^\.python-version:1: /);
  });

  test("that lies in binder/ starts its paths there", () => {
    const recipe = plan({
      "binder/pyproject.toml": pyproject,
      "binder/uv.lock": uvLock('{ editable = "." }'),
    });

    expect(scriptOf(recipe, "content")).toContain("# in /srv/repo/binder\n");
  });

  test("asks other indexes beside the machine's own", () => {
    const text = uvLock('{ virtual = "." }').replace("https://pypi.org/simple", "https://example.org/simple");

    expect(scriptOf(plan({ "uv.lock": text }), "environment")).toContain(
      "--extra-index-url https://example.org/simple\n",
    );
  });

  test("of a package that is only to be had as source gets a compiler", () => {
    const text = uvLock('{ virtual = "." }').replace(/wheels = .*/, "");

    expect(scriptOf(plan({ "uv.lock": text }), "apt")).toContain("build-essential");
  });

  test.each([
    ['{ editable = "../other" }', /"\.\.\/other" leads out of the repository/],
    ['{ directory = "/etc" }', /"\/etc" leads out of the repository/],
    ['{ url = "https://example.org/x\\n--index-url http://evil" }', /is no package that can be installed/],
  ])("from %s is refused", (source, message) => {
    expect(() =>
      plan({ "uv.lock": uvLock(source).replace("[[package]]", '[manifest]\nmembers = ["app"]\n[[package]]') }),
    ).toThrow(message);
  });
});

describe("the choice between files", () => {
  test("requirements.txt goes before locks", () => {
    const recipe = plan({ "requirements.txt": "tabulate\n", "uv.lock": uvLock('{ virtual = "." }') });

    expect(scriptOf(recipe, "environment")).toContain("\ntabulate\n");
    expect(renderText(recipe)).toMatch(/ignores\s+uv\.lock/);
  });

  test("the standard's lock goes before those of tools", () => {
    const pylock = 'lock-version = "1.0"\npackages = [{ name = "tabulate", version = "0.9.0" }]\n';
    const recipe = plan({ "pylock.toml": pylock, "uv.lock": "", "poetry.lock": "", "pyproject.toml": pyproject });

    expect(scriptOf(recipe, "environment")).toContain("\ntabulate==0.9.0\n");
    expect(scriptOf(recipe, "content")).toContain("\n./\n");
    expect(renderText(recipe)).toMatch(/ignores\s+uv\.lock[\s\S]*ignores\s+poetry\.lock/);
  });

  test("a project of Poetry without its module is a list of packages", () => {
    const files = {
      "pyproject.toml": '[tool.poetry]\nname = "thesis"\n[build-system]\nrequires = []\n',
      "poetry.lock": "package = []\n",
    };

    expect(scriptOf(plan(files), "content")).toBe("");
    expect(scriptOf(plan({ ...files, "thesis/__init__.py": "" }), "content")).toContain("\n./\n");
  });
});

test("requirements with hashes are installed by themselves, all of them checked", () => {
  const script = scriptOf(plan({ "requirements.txt": `six==1.16.0 --hash=${hash}\n` }), "environment");

  expect(script).toMatch(/--require-hashes[\s\S]*uv pip freeze[\s\S]*ipykernel/);
  expect(script).not.toContain("--no-deps");
});
