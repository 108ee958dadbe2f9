import { readFileSync } from "node:fs";
import path from "node:path";
import type { Recipe } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe } from "../plan/plan-recipe.ts";
import { renderText } from "../render/text.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import { readPipfile } from "./pipfile.ts";
import { pipfileSha256 } from "./pipfile-digest.ts";
import { pipfileLines } from "./pipfile-lines.ts";

const fixture = (name: string): string => readFileSync(path.join(import.meta.dirname, "fixtures", name), "utf8");
const trixie = knownBaseFacts("debootstrap:trixie")!;

function plan(files: Readonly<Record<string, string>>): Recipe {
  return planRecipe(memoryTree(files), { base: trixie, platform: "linux/amd64" });
}

function scriptOf(recipe: Recipe, group: string): string {
  const steps = recipe.groups.find(({ name }) => name === group)?.steps ?? [];
  return steps.map((step) => (step.kind === "run" ? `# in ${step.cwd}\n${step.script}` : "")).join("\n");
}

function linesOf(text: string): readonly string[] {
  const file = { path: "Pipfile", text };
  return pipfileLines(file, readPipfile(file));
}

const unusual = `[[source]]
name = "größe"
url = "https://example.org/simple"
verify_ssl = false
[packages]
"b" = {version = ">=1", extras = ["x", "y"], markers = "sys_platform == 'linux'"}
a = {path = ".", editable = true}
[dev-packages]
c = {git = "https://example.org/c.git", ref = "v1"}
[docs]
sphinx = "*"
[requires]
python_full_version = "3.11.4"
[scripts]
run = "python x.py"
[pipenv]
allow_prereleases = true
`;

describe("a package of a Pipfile", () => {
  test.each([
    ['a = "*"', "a"],
    ['a = "==1.0"', "a==1.0"],
    ['a = "1.0"', "a==1.0"],
    [
      'a = {version = ">=1,<2", extras = ["x"], markers = "python_version < \'3.9\'"}',
      "a[x]>=1,<2 ; python_version < '3.9'",
    ],
    [
      'a = {version = "*", sys_platform = "== \'win32\'", os_name = "== \'nt\'"}',
      "a ; (os_name == 'nt') and (sys_platform == 'win32')",
    ],
    [
      'a = {git = "https://example.org/a.git", ref = "main", subdirectory = "x"}',
      "a @ git+https://example.org/a.git@main#subdirectory=x",
    ],
    ['a = {git = "git@example.org:o/a.git", editable = true}', "-e git+ssh://git@example.org/o/a.git#egg=a"],
    ['a = {file = "https://example.org/a-1.tar.gz"}', "a @ https://example.org/a-1.tar.gz"],
    ['a = {path = "."}', "."],
    ['a = {path = "./lib", editable = true, extras = ["x"]}', "-e ./lib[x]"],
    ['a = {path = "wheels/a-1-py3-none-any.whl"}', "./wheels/a-1-py3-none-any.whl"],
  ])("%s is %s", (text, line) => {
    expect(linesOf(`[packages]\n${text}\n`)).toEqual([line]);
  });

  test.each([
    "[packages]\na = 3",
    '[packages]\na = {path = "/etc"}',
    '[packages]\na = "*\\n-e /"',
    '[packages]\n"--index-url x" = "*"',
    "packages = 1",
  ])("%j is refused", (text) => {
    expect(() => linesOf(text)).toThrow(expect.objectContaining({ code: "E_RECIPE_FILE_INVALID" }));
  });
});

test("sources other than the public index are asked, one alone in its place", () => {
  const pypi = '[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\n';

  expect(linesOf(pypi)).toEqual([]);
  expect(linesOf(unusual).slice(0, 2)).toEqual([
    "--index-url https://example.org/simple",
    "--trusted-host example.org",
  ]);
  expect(linesOf(pypi + unusual)[0]).toBe("--extra-index-url https://example.org/simple");
});

test.each([
  ['[packages]\nrequests = "*"\n', "70e8bf6bc774f5ca177467cab4e67d4264d0536857993326abc13ff43063bec0"],
  [unusual, "21659244f83eb61784c83b0035bd8791c826073289dbe5c8b08f5f8323116597"],
  [fixture("Pipfile"), "91374fcaf994dc9f5719b6f3858134aaac6d1bdb9fa3abba06f0b51eb06a1abe"],
])("the digest is that of pipenv", (text, digest) => {
  expect(pipfileSha256(readPipfile({ path: "Pipfile", text }))).toBe(digest);
});

describe("a repository with a Pipfile", () => {
  test("gets what its lock pins, those for development too", () => {
    const recipe = plan({ Pipfile: fixture("Pipfile"), "Pipfile.lock": fixture("Pipfile.lock") });
    const script = scriptOf(recipe, "environment");

    expect(script).toMatch(/\nredis==5\.3\.1 ; python_version >= '3\.8' --hash=sha256:[\s\S]*\ntabulate==0\.10\.0 ;/);
    expect(script).toContain("--no-deps");
    expect(renderText(recipe)).toMatch(/uses\s+Pipfile\.lock[\s\S]*Python 3\.11: Pipfile\.lock asks for 3\.11/);
    expect(renderText(recipe)).not.toContain("was changed after it");
  });

  test("is told when its lock is older than the Pipfile", () => {
    const changed = fixture("Pipfile").replace("==1.16.0", "==1.17.0");

    expect(renderText(plan({ Pipfile: changed, "Pipfile.lock": fixture("Pipfile.lock") }))).toContain(
      "Pipfile was changed after it",
    );
  });

  test("without a lock is resolved, from the configuration folder when a path is among the packages", () => {
    const recipe = plan({ "binder/Pipfile": '[packages]\nsix = "*"\napp = {path = ".."}\n', "requirements.txt": "" });

    expect(scriptOf(recipe, "content")).toMatch(/# in \/srv\/repo\/binder\n[\s\S]*\n\.\.\nsix\n/);
    expect(scriptOf(recipe, "environment")).not.toContain("six");
  });

  test("with a path in its lock waits for the repository with that package only", () => {
    const lock = '{"default": {"app": {"path": ".", "editable": true}, "six": {"version": "==1.16.0"}}}';
    const recipe = plan({ "Pipfile.lock": lock });

    expect(scriptOf(recipe, "environment")).toContain("\nsix==1.16.0\n");
    expect(scriptOf(recipe, "content")).toMatch(/\n-e \.\n[\s\S]*--no-deps/);
  });

  test("leaves other categories and files alone, and says so", () => {
    const text = renderText(
      plan({
        Pipfile: unusual.replace('a = {path = ".", editable = true}', ""),
        "requirements.txt": "",
        "uv.lock": "",
      }),
    );

    expect(text).toMatch(/ignores\s+Pipfile: \[docs\]/);
    expect(text).toMatch(/ignores\s+requirements\.txt/);
    expect(text).toMatch(/ignores\s+uv\.lock/);
  });

  test.each([["{"], ['{"default": 1}'], ['{"_meta": {"sources": [{}]}}']])("a lock such as %j is refused", (text) => {
    expect(() => plan({ "Pipfile.lock": text })).toThrow(/^Pipfile\.lock: /);
  });
});
