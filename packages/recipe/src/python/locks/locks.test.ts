import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { memoryTree, type RepoTree } from "../../tree/repo-tree.ts";
import { readLock } from "./find-lock.ts";
import type { PinnedPackage } from "./pinned-package.ts";
import { readPylock } from "./pylock.ts";
import { readUvLock } from "./uv-lock.ts";

const fixtures = path.join(import.meta.dirname, "fixtures");

function treeOf(folder: string): RepoTree {
  const names = readdirSync(path.join(fixtures, folder));
  const files = names.map((name) => [name, readFileSync(path.join(fixtures, folder, name), "utf8")] as const);
  return memoryTree({ ...Object.fromEntries(files), "measures/__init__.py": "" });
}

function choose(folder: string, lock: string, python: string): readonly PinnedPackage[] {
  const tree = treeOf(folder);
  const file = (name: string): { path: string; text: string } => ({ path: name, text: tree.readText(name) ?? "" });
  return readLock(tree, "", file(lock), file("pyproject.toml")).choose({ python, machine: "x86_64" });
}

function pins(packages: readonly PinnedPackage[]): string[] {
  const indexed = packages.filter(({ origin }) => origin.kind === "index");
  return indexed
    .map(({ name, version, marker }) => `${name}==${version}${marker === undefined ? "" : ` ; ${marker}`}`)
    .toSorted();
}

describe.each([
  ["uv", "uv.lock"],
  ["uv", "pylock.toml"],
  ["poetry-2.1", "poetry.lock"],
  ["poetry-2.0", "poetry.lock"],
  ["poetry-1.1", "poetry.lock"],
])("%s/%s", (folder, lock) => {
  test.each(["3.9.20", "3.11.2", "3.12.4"])("gives Python %s what its own tool does", (python) => {
    const expected = readFileSync(path.join(fixtures, folder, `expected-${python}.txt`), "utf8")
      .trim()
      .split("\n");

    expect(pins(choose(folder, lock, python))).toEqual(expected);
  });

  test("leaves to the image what depends on the patch level", () => {
    expect(pins(choose(folder, lock, "3.11"))).toContain("async-timeout==5.0.1 ; python_full_version < '3.11.3'");
  });

  test("gives every package of an index its hashes", () => {
    const packages = choose(folder, lock, "3.12").filter(({ origin }) => origin.kind === "index");

    expect(packages.filter(({ hashes }) => !hashes.every((hash) => /^sha256:[0-9a-f]{64}$/.test(hash)))).toEqual([]);
    expect(packages.filter(({ hashes }) => hashes.length === 0)).toEqual([]);
  });
});

const uvLock = (...packages: readonly string[]): string =>
  `version = 1\nrevision = 3\nrequires-python = ">=3.10"\n${packages.map((text) => `[[package]]\n${text}\n`).join("")}`;
const project = 'name = "app"\nsource = { virtual = "." }\n';

function fromUv(text: string, pyproject = ""): readonly PinnedPackage[] {
  const target = { python: "3.12", machine: "x86_64" } as const;
  return readUvLock({ path: "uv.lock", text }, { path: "pyproject.toml", text: pyproject }).choose(target);
}

describe("uv.lock", () => {
  test("knows packages of every origin", () => {
    const dependencies = '[{ name = "a" }, { name = "b" }, { name = "c" }, { name = "d" }, { name = "e" }]';
    const text = uvLock(
      `${project}dependencies = ${dependencies}`,
      'name = "a"\nversion = "1"\nsource = { registry = "https://download.pytorch.org/whl/cpu" }',
      'name = "b"\nversion = "1"\nsource = { git = "https://example.org/b.git?subdirectory=x&rev=main#0123abcd" }',
      'name = "c"\nversion = "1"\nsource = { url = "https://example.org/c-1-py3-none-any.whl" }',
      'name = "d"\nversion = "1"\nsource = { editable = "packages/d" }',
      'name = "e"\nversion = "1"\nsource = { path = "wheels/e-1-py3-none-any.whl" }',
    );

    expect(Object.fromEntries(fromUv(text).map(({ name, origin }) => [name, origin]))).toEqual({
      a: { kind: "index", url: "https://download.pytorch.org/whl/cpu" },
      b: { kind: "git", url: "https://example.org/b.git", commit: "0123abcd", subdirectory: "x" },
      c: { kind: "url", url: "https://example.org/c-1-py3-none-any.whl" },
      d: { kind: "path", path: "packages/d" },
      e: { kind: "path", path: "wheels/e-1-py3-none-any.whl" },
    });
  });

  test("follows the extras that a package is asked for with", () => {
    const text = uvLock(
      `${project}dependencies = [{ name = "a", extra = ["fast"] }]`,
      'name = "a"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }\n[package.optional-dependencies]\nfast = [{ name = "b" }]\nslow = [{ name = "c" }]',
      'name = "b"\nversion = "2"\nsource = { registry = "https://pypi.org/simple" }',
      'name = "c"\nversion = "3"\nsource = { registry = "https://pypi.org/simple" }',
    );

    expect(pins(fromUv(text))).toEqual(["a==1", "b==2"]);
  });

  test("installs the groups that the project calls default, and chooses between groups that exclude each other", () => {
    const registry = 'source = { registry = "https://pypi.org/simple" }';
    const text = uvLock(
      `${project}[package.dev-dependencies]\ncpu = [{ name = "a", version = "1", ${registry}, marker = "extra == 'group-3-app-cpu'" }]\ngpu = [{ name = "a", version = "2", ${registry}, marker = "extra == 'group-3-app-gpu'" }]\ndev = [{ name = "b" }]`,
      `name = "a"\nversion = "1"\n${registry}`,
      `name = "a"\nversion = "2"\n${registry}`,
      `name = "b"\nversion = "1"\n${registry}`,
    );

    expect(pins(fromUv(text))).toEqual(["b==1"]);
    expect(pins(fromUv(text, '[tool.uv]\ndefault-groups = ["gpu"]\n'))).toEqual(["a==2"]);
  });

  test("of a workspace without a project takes all members", () => {
    const text = `${uvLock(
      'name = "one"\nversion = "1"\nsource = { editable = "one" }\ndependencies = [{ name = "a" }]',
      'name = "a"\nversion = "1"\nsource = { registry = "https://pypi.org/simple" }',
    )}[manifest]\nmembers = ["one"]\n`;

    expect(
      fromUv(text)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["a", "one"]);
  });

  test.each([
    ["version = 2\n", /^uv\.lock: its format 2 is not known/],
    [uvLock(`${project}dependencies = [{ name = "gone" }]`), /^uv\.lock: the lock has no package "gone"/],
    [uvLock('name = "a"\nresolution-markers = ["nonsense"]'), /not an environment marker/],
    [uvLock(`${project}dependencies = 3`), /"app\.dependencies" is not a list of tables/],
    ["version = \n", /^uv\.lock:1:11: /],
  ])("%j is refused", (text, message) => {
    expect(() => fromUv(text)).toThrow(message);
  });
});

test("pylock.toml takes its default groups, archives, repositories and folders", () => {
  const text = `lock-version = "1.0"
dependency-groups = ["dev", "docs"]
default-groups = ["dev"]
packages = [
  { name = "a", version = "1", marker = "'dev' in dependency_groups" },
  { name = "b", version = "1", marker = "'docs' in dependency_groups" },
  { name = "c", vcs = { type = "git", url = "https://example.org/c.git", commit-id = "0123" } },
  { name = "d", archive = { url = "https://example.org/d.tar.gz", hashes = { sha256 = "00" } } },
  { name = "e", directory = { path = "./e" } },
]`;

  const packages = readPylock({ path: "pylock.toml", text }).choose({ python: "3.12", machine: "x86_64" });

  expect(packages.map(({ name, origin: { kind }, hashes }) => [name, kind, ...hashes])).toEqual([
    ["a", "index"],
    ["c", "git"],
    ["d", "url", "sha256:00"],
    ["e", "path"],
  ]);
});
