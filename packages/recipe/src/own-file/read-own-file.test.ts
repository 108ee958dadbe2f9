import { describe, expect, test } from "vitest";
import { memoryTree } from "../tree/repo-tree.ts";
import { readOwnFile, type OwnWishes } from "./read-own-file.ts";

function read(files: Readonly<Record<string, string>>): OwnWishes | undefined {
  return readOwnFile(memoryTree(files));
}

function yaml(text: string): OwnWishes | undefined {
  return read({ "repo2singularity.yaml": text });
}

function problemOf(files: Readonly<Record<string, string>>): { readonly message: string; readonly hint?: string } {
  try {
    read(files);
  } catch (error) {
    expect(error).toMatchObject({ code: "E_RECIPE_FILE_INVALID" });
    return error as { message: string; hint?: string };
  }
  throw new Error("nothing was thrown");
}

const everything = `# all of it
base: debootstrap:bookworm
packages: [tree, g++, "libgl1=1.4.0-1"]
env:
  LEVEL: 3
  DEBUG: true
  NAME: a b
command: [voila, index.ipynb]
resources:
  cpus: 4
  memory: 8G
  time: 04:00:00
  gpus: 1
gpu: cuda
date: 2023-07-01
languages: [julia, r]
`;

describe("the own file of a repository", () => {
  test("every key is read, and values of variables become texts", () => {
    expect(yaml(everything)).toEqual({
      name: "repo2singularity.yaml",
      ignored: [],
      values: {
        base: "debootstrap:bookworm",
        packages: ["tree", "g++", "libgl1=1.4.0-1"],
        env: { LEVEL: "3", DEBUG: "true", NAME: "a b" },
        command: ["voila", "index.ipynb"],
        resources: { cpus: 4, memory: "8G", time: "04:00:00", gpus: 1 },
        gpu: "cuda",
        date: "2023-07-01",
        languages: ["julia", "r"],
      },
    });
  });

  test("an empty file asks for nothing", () => {
    expect(yaml("# nothing yet\n")?.values).toEqual({});
  });

  test("the table of pyproject.toml says the same, with days of TOML's own", () => {
    const toml = "[tool.repo2singularity]\ndate = 2023-07-01\n[tool.repo2singularity.resources]\ncpus = 2\n";

    expect(read({ "pyproject.toml": toml })).toMatchObject({
      name: "pyproject.toml [tool.repo2singularity]",
      values: { date: "2023-07-01", resources: { cpus: 2 } },
    });
  });

  test("the file goes before the table, and .yaml before .yml", () => {
    const found = read({
      "repo2singularity.yaml": "gpu: none\n",
      "repo2singularity.yml": "gpu: cuda\n",
      "pyproject.toml": "[tool.repo2singularity]\n",
    });

    expect(found?.name).toBe("repo2singularity.yaml");
    expect(found?.ignored).toEqual(["repo2singularity.yml", "pyproject.toml [tool.repo2singularity]"]);
  });

  test("a configuration folder switches the root off", () => {
    expect(read({ "binder/": "", "repo2singularity.yaml": "gpu: cuda\n" })).toBeUndefined();
    expect(read({ "binder/repo2singularity.yml": "gpu: cuda\n" })?.name).toBe("binder/repo2singularity.yml");
  });

  test("other tools' tables of pyproject.toml are none of ours, even when the file cannot be parsed", () => {
    expect(read({ "pyproject.toml": "[tool.ruff]\nx = = 1\n" })).toBeUndefined();
  });
});

describe("what is wrong in an own file", () => {
  test.each<[string, string, RegExp, RegExp]>([
    [
      "an unknown key",
      "gpu: none\npakages: [x]\n",
      /^repo2singularity\.yaml:2:1: pakages is no key/,
      /mean packages\?/,
    ],
    [
      "an unknown key of a table",
      "resources:\n  cpu: 2\n",
      /^repo2singularity\.yaml:2:3: resources\.cpu is no key/,
      /mean cpus\?/,
    ],
    ["a wrong type", "resources:\n  cpus: two\n", /:2:3: resources\.cpus: expected a number, found "two"/, /cpus/],
    ["a wrong choice", "gpu: intel\n", /:1:1: gpu: expected cuda, rocm, none, found "intel"/, /gpu/],
    ["a day that is none", "date: 2023-02-31\n", /date: expected a day such as/, /date/],
    [
      "a package with a command",
      "packages:\n  - tree\n  - x; reboot\n",
      /:3:5: packages\.1: expected NAME/,
      /packages/,
    ],
    ["a package to remove", "packages: [tree-]\n", /packages\.0: expected NAME/, /packages/],
    ["a path as base", "base: /srv/secret.sif\n", /base: expected auto, docker:/, /base/],
    ["PATH", "env:\n  PATH: /x\n", /:2:3: env\.PATH: expected a name/, /PATH/],
    ["a list", "- gpu\n", /a table of settings is expected/, /correct the file/],
    ["broken YAML", "gpu: [\n", /^repo2singularity\.yaml:2:1: /, /correct repo2singularity\.yaml/],
  ])("%s is told with its place", (_name, text, message, hint) => {
    const problem = problemOf({ "repo2singularity.yaml": text });

    expect(problem.message).toMatch(message);
    expect(problem.hint).toMatch(hint);
  });

  test("in pyproject.toml the line is found under the table's header", () => {
    const toml = '[tool.other]\ncpus = 1\n\n[tool.repo2singularity]\ngpu = "cuda"\nresources.cpus = "x"\n';

    expect(problemOf({ "pyproject.toml": toml }).message).toMatch(
      /^pyproject\.toml:6: resources\.cpus: expected a number/,
    );
  });

  test("several problems are one error that says how many", () => {
    expect(problemOf({ "repo2singularity.yaml": "a: 1\nb: 2\nc: 3\n" }).message).toContain("and 2 more");
  });
});
