import type { Decision } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { findConfigDirectory } from "../detect/config-directory.ts";
import { planRecipe } from "../plan/plan-recipe.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import type { LintFile, LintInput } from "./lint-input.ts";
import { lintRules } from "./rules.ts";
import { planFinding, runLint } from "./run-lint.ts";

type Files = Readonly<Record<string, string>>;

/** A repository as rules see it, with its plan where it can be planned. */
function inputOf(
  files: Files,
  change: Partial<LintInput> & { readonly modes?: Readonly<Record<string, number>> } = {},
): LintInput {
  const tree = memoryTree(files);
  const { modes = {}, ...rest } = change;
  const entries = tree.paths.map((path): LintFile => {
    const type = tree.isDirectory(path) ? "directory" : "file";
    return { path, type, mode: modes[path] ?? 0o755, sizeBytes: tree.readText(path)?.length ?? 0 };
  });
  const planned = tryPlan(files);
  const directory = tree.isDirectory("binder") ? "binder" : findConfigDirectory(tree);
  return { tree, directory, files: entries, isContainer: false, images: [], isDated: false, ...planned, ...rest };
}

function tryPlan(files: Files): { readonly decisions: readonly Decision[]; readonly stepTexts: readonly string[] } {
  try {
    const base = knownBaseFacts("debootstrap:bookworm")!;
    const { decisions, groups } = planRecipe(memoryTree(files), { base, platform: "linux/amd64" });
    return { decisions, stepTexts: groups.flatMap(({ steps }) => steps.map((step) => JSON.stringify(step))) };
  } catch {
    return { decisions: [], stepTexts: [] };
  }
}

function places(input: LintInput): readonly string[] {
  return runLint(input).map(({ rule, path = "", line }) => `${rule} ${path}${line === undefined ? "" : `:${line}`}`);
}

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4".repeat(64)}\nsize 12345\n`;
const notebook = (language: string): string => JSON.stringify({ metadata: { kernelspec: { language, name: "x" } } });
const script = "#!/bin/sh\ntrue\n";

/** For each rule repositories in which it finds something, and some in which it does not. */
const examples: Readonly<
  Record<string, { readonly bad: readonly [Files, string][]; readonly good: readonly Files[] }>
> = {
  "two-config-folders": {
    bad: [[{ "binder/": "", ".binder/": "" }, "two-config-folders .binder/"]],
    good: [{ "binder/": "" }],
  },
  "own-file": {
    bad: [
      [{ "repo2singularity.yaml": "gpu: none\ncpus: 2\n" }, "own-file repo2singularity.yaml:2"],
      [{ "pyproject.toml": "[tool.repo2singularity]\nx = 1\n" }, "own-file pyproject.toml:2"],
    ],
    good: [{ "repo2singularity.yaml": "gpu: none\n" }],
  },
  "ignored-file": {
    bad: [
      [{ "binder/requirements.txt": "six==1\n", "environment.yml": "" }, "ignored-file environment.yml"],
      [
        { "environment.yml": "dependencies: [zlib=1]\n", "requirements.txt": "six==1\n" },
        "ignored-file requirements.txt",
      ],
    ],
    good: [{ "requirements.txt": "six==1\n" }],
  },
  "misspelt-name": {
    bad: [
      [{ "requirement.txt": "" }, "misspelt-name requirement.txt"],
      [{ postbuild: "" }, "misspelt-name postbuild"],
      [{ "binder/enviroment.yml": "" }, "misspelt-name binder/enviroment.yml"],
      [{ "repo2singularity.yamll": "", "Environment.yml": "" }, "misspelt-name Environment.yml"],
    ],
    good: [{ "requirements-dev.txt": "", "docs/requirement.txt": "", "stars.txt": "", star: "" }],
  },
  "script-interpreter": {
    bad: [[{ start: 'exec "$@"\n' }, "script-interpreter start:1"]],
    good: [{ start: script }, { Dockerfile: "FROM x\n", "sub/start": "" }],
  },
  "script-line-ends": {
    bad: [[{ postBuild: "#!/bin/sh\necho a\r\n" }, "script-line-ends postBuild:2"]],
    good: [{ postBuild: script }],
  },
  "requirement-path": {
    bad: [
      [{ "requirements.txt": "six==1\n./wheels/x.whl\n" }, "requirement-path requirements.txt:2"],
      [{ "requirements.txt": "-r more.txt\n", "more.txt": "-e ../other\n" }, "requirement-path more.txt:1"],
      [{ "requirements.txt": "x @ file:lib/x\n" }, "requirement-path requirements.txt:1"],
    ],
    good: [{ "requirements.txt": "./lib/x[extra]\n-e .\n", "lib/x/setup.py": "" }],
  },
  "requirement-system": {
    bad: [[{ "requirements.txt": "six==1\npywin32==306\n" }, "requirement-system requirements.txt:2"]],
    good: [{ "requirements.txt": 'pywin32==306 ; sys_platform == "win32"\n' }],
  },
  "requirement-key": {
    bad: [[{ "requirements.txt": "git+ssh://git@example.org/x.git\n" }, "requirement-key requirements.txt:1"]],
    good: [{ "requirements.txt": "git+https://example.org/x.git\n" }],
  },
  "requirement-version": {
    bad: [[{ "requirements.txt": "six==1\nnumpy>=1\n" }, "requirement-version requirements.txt:2"]],
    good: [{ "requirements.txt": "six==1\nnumpy~=1.2\nx @ https://example.org/x.whl\n" }],
  },
  "conda-system": {
    bad: [
      [{ "environment.yml": "dependencies:\n  - zlib=1\n  - vs2015_runtime=14\n" }, "conda-system environment.yml:3"],
    ],
    good: [{ "environment.yml": "dependencies:\n  - zlib=1\n  - vcrpy=6\n" }],
  },
  "conda-build": {
    bad: [[{ "environment.yml": "dependencies:\n  - zlib=1.3=h4ab18f5_1\n" }, "conda-build environment.yml:2"]],
    good: [{ "environment.yml": "dependencies:\n  - zlib>=1.2,<2\n  - x=1.2\n" }],
  },
  "conda-version": {
    bad: [
      [
        { "environment.yml": "dependencies:\n- python=3.11\n- conda-forge::zlib\n- pip:\n  - six\n" },
        "conda-version environment.yml:3",
      ],
    ],
    good: [{ "environment.yml": "dependencies:\n- zlib=1\n- pip\n- pip:\n  - six\n" }],
  },
  "conda-prefix": {
    bad: [[{ "environment.yml": "dependencies: [zlib=1]\nprefix: /home/ann/x\n" }, "conda-prefix environment.yml:2"]],
    good: [{ "environment.yml": "dependencies: [zlib=1]\n" }],
  },
  kernel: {
    bad: [
      [{ "a.ipynb": notebook("julia") }, "kernel a.ipynb"],
      [{ "a.ipynb": notebook("R"), "b.ipynb": notebook("R") }, "kernel a.ipynb"],
      [{ "a.ipynb": notebook("brainfuck") }, "kernel a.ipynb"],
    ],
    good: [
      { "a.ipynb": notebook("python"), "b.ipynb": notebook("ipython3") },
      { "a.ipynb": notebook("R"), "install.R": "" },
      { "a.ipynb": notebook("bash"), "requirements.txt": "bash_kernel==1\n" },
      { "a.ipynb": notebook("forth"), postBuild: "#!/bin/sh\npip install forth-kernel\n" },
      { "a.ipynb": "no notebook", "b.ipynb": "{}", "c.ipynb": "null" },
    ],
  },
  "case-conflict": {
    bad: [[{ "Data.csv": "", "data.csv": "" }, "case-conflict data.csv"]],
    good: [{ "a/data.csv": "", "b/Data.csv": "" }],
  },
  "lfs-pointer": {
    bad: [[{ "a.bin": pointer, "b.bin": pointer }, "lfs-pointer a.bin"]],
    good: [{ "a.txt": "version https://git-lfs.github.com/spec/v1" }],
  },
};

describe.each(Object.entries(examples))("%s", (rule, { bad, good }) => {
  test.each(bad)("is found in %j", (files, place) => {
    expect(places(inputOf(files))).toContain(place);
  });

  test.each(good.map((files) => [files]))("is not found in %j", (files) => {
    expect(runLint(inputOf(files)).filter((finding) => finding.rule === rule)).toEqual([]);
  });
});

describe("rules that look at more than names and texts", () => {
  test("a script that is not executable", () => {
    const files = { postBuild: script, start: script };

    expect(places(inputOf(files, { modes: { postBuild: 0o644 } }))).toEqual(["script-mode postBuild"]);
  });

  test("a lock beside what it was made of is no file that counts for nothing", () => {
    const decisions: Decision[] = [
      { subject: "Pipfile.lock", outcome: "used", reason: "x" },
      { subject: "Pipfile", outcome: "ignored", reason: "x" },
    ];

    expect(places(inputOf({ Pipfile: "", "Pipfile.lock": "" }, { decisions }))).toEqual([]);
  });

  test("links that end nowhere, and those that lead through another link", () => {
    const link = (path: string, linkTarget: string): LintFile => {
      return { path, type: "symlink", mode: 0o777, sizeBytes: 0, linkTarget };
    };
    const files: LintFile[] = [
      { path: "data", type: "directory", mode: 0o755, sizeBytes: 0 },
      { path: "data/a.csv", type: "file", mode: 0o644, sizeBytes: 1 },
      link("dead", "nowhere"),
      link("fine", "data/a.csv"),
      link("folder", "data"),
      link("outside", "../x"),
      link("rooted", "/etc/passwd"),
      link("through", "folder/a.csv"),
    ];

    expect(places(inputOf({}, { files }))).toEqual(["dead-link dead", "dead-link outside", "dead-link rooted"]);
  });

  test("packages that apt does not know, at their lines, and a note where nobody could ask", () => {
    const files = { "apt.txt": "tree g++\nlibfoo1=2 # comment\n" };
    const checked = { kind: "checked", unknown: ["libfoo1", "g++", "elsewhere"], origin: "bookworm" } as const;

    expect(places(inputOf(files, { apt: checked }))).toEqual([
      "apt-package ",
      "apt-package apt.txt:1",
      "apt-package apt.txt:2",
    ]);
    expect(runLint(inputOf(files, { apt: { kind: "unchecked", reason: "no apt" } }))).toMatchObject([
      { severity: "note", path: "apt.txt" },
    ]);
  });

  test("images of container files without a version", () => {
    const images = [
      "docker://debian",
      "docker://x.org:5000/a",
      "docker://b:latest",
      "docker://c:1",
      "docker://d@sha256:0",
    ];

    expect(runLint(inputOf({}, { images })).map(({ message }) => message)).toEqual([
      "the base docker://debian names no version",
      "the base docker://x.org:5000/a names no version",
      "the base docker://b:latest names no version",
    ]);
  });

  test("with a date nothing needs a version", () => {
    expect(places(inputOf({ "requirements.txt": "six\n" }, { isDated: true }))).toEqual([]);
  });

  test("what a Dockerfile does not use is not looked at", () => {
    const files = {
      Dockerfile: "FROM x:1\n",
      "requirements.txt": "./nowhere/x\nsix\n",
      start: "x",
      "a.ipynb": notebook("R"),
    };

    expect(places(inputOf(files, { isContainer: true, decisions: [] }))).toEqual([]);
  });
});

describe("findings", () => {
  test("every rule but the plan's own has an example or a test here", () => {
    const elsewhere = ["plan", "script-mode", "dead-link", "apt-package", "base-version"];

    expect(Object.keys(lintRules).toSorted()).toEqual([...Object.keys(examples), ...elsewhere].toSorted());
  });

  test("an own file that is no YAML is one finding, however many rules read it", () => {
    expect(places(inputOf({ "repo2singularity.yaml": "a: [\n" }))).toEqual(["plan repo2singularity.yaml:2"]);
  });

  test("an error of the plan keeps its place, and does not say it twice", () => {
    let failure: unknown;
    try {
      planRecipe(memoryTree({ "apt.txt": "tree\nx;y\n" }), {
        base: knownBaseFacts("debootstrap:bookworm")!,
        platform: "linux/amd64",
      });
    } catch (error) {
      failure = error;
    }

    expect(planFinding(failure as Parameters<typeof planFinding>[0])).toMatchObject({
      rule: "plan",
      path: "apt.txt",
      line: 2,
      message: '"x;y" is not the name of a package',
    });
  });
});
