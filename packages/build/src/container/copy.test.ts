import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ContainerStep } from "@repo2singularity/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { copiedPaths, placeCopy } from "./place-copy.ts";
import { layersTree, resolvePath } from "./source-tree.ts";
import { TargetTree } from "./target-tree.ts";
import { userHome } from "./user-home.ts";

type CopyStep = Extract<ContainerStep, { kind: "copy" }>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "r2s-copy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A tree of these files; a text that starts with an arrow is a link. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(folder, `${name}-`));
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), target);
    else if (file.endsWith("/")) mkdirSync(target, { recursive: true });
    else writeFileSync(target, text, { mode: 0o640 });
  }
  return root;
}

const source = {
  a: "a",
  "dir/b": "b",
  "dir/deep/c.md": "c",
  "to-dir": "->dir",
  "to-a": "->a",
  out: "->/etc",
  loop: "->loop",
};

async function copy(sources: string[], destination: string, options: Partial<CopyStep> = {}): Promise<string> {
  const lower = tree("lower", {
    "usr/lib/x": "",
    lib: "->usr/lib",
    "opt/file": "",
    "etc/passwd": "root:x:0:0::/root:\nu:x:7:7::/home/u:\n",
  });
  const upper = tree("upper", {});
  const step: CopyStep = {
    kind: "copy",
    title: "COPY",
    from: { kind: "context" },
    sources,
    destination,
    excludes: [],
    keepsParents: false,
    keepsFolder: false,
    unpacks: false,
    ...options,
  };
  const unpack = (): Promise<undefined> => Promise.resolve(undefined);
  const { signal } = new AbortController();
  await placeCopy(step, layersTree([tree("source", source)]), new TargetTree([lower], upper), { unpack, signal });
  return upper;
}

const read = (root: string, name: string): string => readFileSync(path.join(root, name), "utf8");

describe("a copy", () => {
  test("of a file takes the new name, or goes into a folder that is there", async () => {
    const upper = await copy(["a"], "/new/name");

    expect(read(upper, "new/name")).toBe("a");
    expect(lstatSync(path.join(upper, "new/name")).mode & 0o777).toBe(0o640);
  });

  test("into a folder that is there, or that is named with a slash, keeps its name", async () => {
    expect(read(await copy(["a"], "/opt"), "opt/a")).toBe("a");
    expect(read(await copy(["a"], "/fresh/"), "fresh/a")).toBe("a");
  });

  test("of a folder takes what is in it; as cp does it, the folder", async () => {
    expect(read(await copy(["dir"], "/new"), "new/deep/c.md")).toBe("c");
    expect(read(await copy(["dir"], "/opt", { keepsFolder: true }), "opt/dir/b")).toBe("b");
  });

  test("follows links of its source inside the source", async () => {
    expect(read(await copy(["to-dir/b", "to-a"], "/l/"), "l/b")).toBe("b");
    expect(read(await copy(["to-a"], "/m"), "m")).toBe("a");
    await expect(copy(["out/passwd"], "/x")).rejects.toThrow("out/passwd is not there");
    await expect(copy(["loop"], "/x")).rejects.toThrow("loop is not there");
  });

  test("follows links of the tree below instead of hiding them", async () => {
    const upper = await copy(["a"], "/lib/y");

    expect(read(upper, "usr/lib/y")).toBe("a");
    expect(existsSync(path.join(upper, "lib"))).toBe(false);
  });

  test("keeps links in folders, parents when asked to, and leaves out what is excluded", async () => {
    const upper = await copy([""], "/all", { excludes: ["**/*.md"] });

    expect(readlinkSync(path.join(upper, "all/out"))).toBe("/etc");
    expect(existsSync(path.join(upper, "all/dir/deep/c.md"))).toBe(false);
    expect(read(await copy(["dir/deep/c.md"], "/p/", { keepsParents: true }), "p/dir/deep/c.md")).toBe("c");
    expect(read(await copy(["dir/./deep/c.md"], "/q/", { keepsParents: true }), "q/deep/c.md")).toBe("c");
  });

  test("of a wildcard takes what it matches, sorted", async () => {
    const upper = await copy(["dir/*", "?"], "/w/");

    expect(read(upper, "w/b")).toBe("b");
    expect(read(upper, "w/c.md")).toBe("c");
    expect(read(upper, "w/a")).toBe("a");
  });

  test("does not put files in the place of folders", async () => {
    await expect(copy(["a"], "/usr/lib/x/y")).rejects.toThrow("a folder cannot take the place of a file");
    await expect(copy(["dir"], "/opt/file")).rejects.toThrow("a folder cannot take the place of a file");
  });

  test("reads for its key what it copies", () => {
    const step = { excludes: ["*.md"], sources: ["dir"], keepsFolder: false } as unknown as CopyStep; // all that is read of it
    const view = layersTree([tree("source", source)]);

    expect(copiedPaths(step, view)).toEqual(["dir", "dir/b", "dir/deep", "dir/deep/c.md"]);
    expect(copiedPaths({ ...step, excludes: [] }, view)).toEqual(["dir"]);
  });
});

test("a path is resolved inside its tree, whatever its links say", () => {
  const view = layersTree([tree("t", { "a/b": "", up: "->../../../a", abs: "->/a", x: "->y", y: "->x" })]);

  expect(resolvePath(view, "/up/b")).toBe("a/b");
  expect(resolvePath(view, "abs/../../a/b")).toBe("a/b");
  expect(resolvePath(view, "x/z")).toBeUndefined();
  expect(resolvePath(view, "none/../a/new")).toBe("a/new");
});

test("a user's home is the tree's own", () => {
  const view = layersTree([tree("h", { "etc/passwd": "root:x:0:0::/root:\nu:x:7:7::/home/u:\n" })]);

  expect(["", "root", "u", "7", "7:100", "nobody"].map((user) => userHome(view, user))).toEqual([
    "/root",
    "/root",
    "/home/u",
    "/home/u",
    "/home/u",
    "/",
  ]);
});
