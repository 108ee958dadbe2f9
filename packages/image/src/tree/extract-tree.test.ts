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
import { processRunner } from "@repo2singularity/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TreeEntry } from "./entry.ts";
import { createNodeMaker } from "./extract/node-maker.ts";
import { extractTree } from "./extract-tree.ts";
import { walkDirectory } from "./walk-directory.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/extract-tree-`);
  mkdirSync(`${folder}/target`);
  writeFileSync(`${folder}/outside`, "outside");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const attributes = { mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 1_000_000_000, sizeBytes: 0 };
const directory = (path: string, mode = 0o755): TreeEntry => ({ ...attributes, path, type: "directory", mode });
const symlink = (path: string, linkTarget: string): TreeEntry => ({ ...attributes, path, type: "symlink", linkTarget });
const hardlink = (path: string, linkTarget: string): TreeEntry => ({
  ...attributes,
  path,
  type: "hardlink",
  linkTarget,
});
const file = (path: string, text = "text", mode = 0o644): TreeEntry => ({
  ...attributes,
  path,
  type: "file",
  mode,
  sizeBytes: text.length,
  content: { stream: () => once(Buffer.from(text)) },
});

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* stream(entries: readonly TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries;
}

const mine = { ownership: "mine" } as const;
const extract = (...entries: readonly TreeEntry[]): Promise<unknown> =>
  extractTree(stream(entries), `${folder}/target`, mine);

describe("extractTree", () => {
  test("writes files, links and directories with their modes and times", async () => {
    await extract(
      directory("", 0o750),
      directory("read-only", 0o555),
      file("read-only/file", "hello", 0o4640),
      symlink("read-only/link", "anything/at/all"),
      hardlink("read-only/second", "read-only/file"),
      file("made/parents/file"),
    );

    const target = `${folder}/target`;
    expect(lstatSync(target).mode & 0o7777).toBe(0o750);
    expect(lstatSync(`${target}/read-only`)).toMatchObject({ mtimeMs: 1_000_000_000_000 });
    expect(lstatSync(`${target}/read-only`).mode & 0o7777).toBe(0o555);
    expect(lstatSync(`${target}/read-only/file`)).toMatchObject({ nlink: 2, mtimeMs: 1_000_000_000_000 });
    expect(lstatSync(`${target}/read-only/file`).mode & 0o7777).toBe(0o4640);
    expect(readlinkSync(`${target}/read-only/link`)).toBe("anything/at/all");
    expect(readFileSync(`${target}/made/parents/file`, "utf8")).toBe("text");
    await extract(directory("read-only", 0o755)); // so that the folder can be removed
  });

  test("does not write through a symlink of an earlier entry", async () => {
    await expect(extract(symlink("out", ".."), file("out/outside", "changed"))).rejects.toMatchObject({
      code: "E_PATH_ESCAPE",
    });
    await extract(symlink("direct", "../outside"), file("direct", "changed"));

    expect(readFileSync(`${folder}/outside`, "utf8")).toBe("outside");
    expect(readFileSync(`${folder}/target/direct`, "utf8")).toBe("changed");
  });

  test("does not write through a symlink that waits in the folder", async () => {
    symlinkSync("..", `${folder}/target/waiting`);
    symlinkSync("../outside", `${folder}/target/file`);

    await expect(extract(file("waiting/outside", "changed"))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
    await extract(file("file", "changed"));
    await extract(directory("waiting"), file("waiting/inside"));

    expect(readFileSync(`${folder}/outside`, "utf8")).toBe("outside");
    expect(lstatSync(`${folder}/target/waiting`).isDirectory()).toBe(true);
    expect(existsSync(`${folder}/inside`)).toBe(false);
  });

  test("does not change modes or times through a symlink that replaces a directory", async () => {
    const before = lstatSync(folder).mode;
    await extract(directory("a", 0o700), symlink("a", ".."));

    expect(lstatSync(folder).mode).toBe(before);
  });

  test.each(["../out", "/etc/out", "a/../../out", "a//b", "."])("refuses the path %s", async (path) => {
    await expect(extract(file(path))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
    expect(existsSync(`${folder}/out`)).toBe(false);
  });

  test("makes hard links only to what came before in the same tree", async () => {
    writeFileSync(`${folder}/target/waiting`, "waiting");

    await expect(extract(hardlink("a", "../outside"))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
    await expect(extract(hardlink("a", "waiting"))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
    await expect(extract(directory("d"), hardlink("a", "d"))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
  });

  test("stops at its limits and keeps directories that are in the way", async () => {
    const limits = { entryCount: 2, totalBytes: 5 };
    const tooMany = extractTree(stream([file("a"), file("b"), file("c")]), `${folder}/target`, { ...mine, limits });
    await expect(tooMany).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    await expect(extract(file("full/file"), file("full"))).rejects.toMatchObject({ code: "E_TREE_INVALID" });
  });

  test("makes fifos when it may, and says what it left out", async () => {
    const entries = [
      { ...attributes, path: "pipe", type: "fifo" },
      { ...attributes, path: "socket", type: "socket" },
      { ...attributes, path: "null", type: "char", device: { major: 1, minor: 3 } },
    ] as const satisfies readonly TreeEntry[];
    const makeNodes = createNodeMaker(processRunner, { PATH: process.env["PATH"] });

    const made = await extractTree(stream(entries), `${folder}/target`, { ...mine, makeNodes });
    const skipped = await extractTree(stream(entries), `${folder}/other`, mine);

    expect(lstatSync(`${folder}/target/pipe`).isFIFO()).toBe(true);
    expect(made.skipped.map(({ path }) => path)).toEqual(["socket", "null"]);
    expect(skipped.skipped.map(({ path }) => path)).toEqual(["pipe", "socket", "null"]);
  });

  test("what walkDirectory reads, it writes again", async () => {
    await extract(
      directory("d"),
      file("d/one"),
      hardlink("d/two", "d/one"),
      symlink("link-\udce9", "d"),
      file("name-\udcff"),
    );
    const walk = (root: string): AsyncIterable<TreeEntry> =>
      walkDirectory(root, { ownership: "root", mtime: "keep", xattrs: "none" });

    await extractTree(walk(`${folder}/target`), `${folder}/copy`, mine);

    const facts = async (root: string): Promise<unknown[]> => {
      const all: unknown[] = [];
      for await (const { content, ...entry } of walk(root)) all.push({ ...entry, hasContent: content !== undefined });
      return all;
    };
    expect(await facts(`${folder}/copy`)).toEqual(await facts(`${folder}/target`));
    expect((await facts(`${folder}/copy`)).map((entry) => (entry as TreeEntry).path)).toEqual([
      "",
      "d",
      "d/one",
      "d/two",
      "link-\udce9",
      "name-\udcff",
    ]);
  });
});
