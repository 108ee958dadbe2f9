import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TreeEntry } from "../tree/entry.ts";
import { walkDirectory } from "../tree/walk-directory.ts";
import { createMemoryExtentCache } from "./extent-cache.ts";
import { writeSquashfs } from "./write-squashfs.ts";

const hasUnsquashfs = spawnSync("unsquashfs", ["-v"]).error === undefined;

let folder = "";
let tree = "";

/** Files below, at and above block borders, text that compresses and noise that does not, and all kinds of entries. */
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/write-squashfs-`);
  tree = `${folder}/tree`;
  mkdirSync(`${tree}/sub/deeper`, { recursive: true });
  mkdirSync(`${tree}/many`);
  for (const size of [1, 4095, 4096, 4097, 40_960, 300_001]) {
    writeFileSync(`${tree}/sub/text-${size}`, textOf(size));
    writeFileSync(`${tree}/sub/noise-${size}`, noiseOf(size));
    writeFileSync(`${tree}/sub/deeper/text-again-${size}.py`, textOf(size));
  }
  for (let index = 0; index < 2000; index++)
    writeFileSync(`${tree}/many/a-name-of-some-length-${index}`, `${index % 7}`);
  const script = String.raw`
    ln sub/text-4097 sub/second-name; ln -s ../sub/text-1 many/link; mkfifo sub/pipe; : > empty
    truncate -s 1000000 sparse; printf end >> sparse
    printf x > "$(printf 'latin-\351')"; chmod 4711 sub/text-1; chmod 1777 sub/deeper; chmod 600 sub/noise-1
    find . -exec touch -h -d @1000000000 {} +`;
  execFileSync("sh", ["-c", script], { cwd: tree });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function textOf(size: number): Buffer {
  return Buffer.alloc(size, "the quick brown fox jumps over the lazy dog\n");
}

function noiseOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = size;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function entriesOfTree(): AsyncIterable<TreeEntry> {
  return walkDirectory(tree, { ownership: "keep", mtime: "keep", xattrs: "none" });
}

async function* entriesOf(entries: readonly TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries;
}

/** Everything `find` can say about a tree, and the digests of its files. */
function describeTree(root: string): string {
  const format = "%P|%y|%m|%U|%G|%s|%T@|%n|%l\\n";
  const listed = execFileSync(
    "sh",
    ["-c", `find . -type d -printf '%P|%y|%m|%U|%G|%T@|%n\\n' -o -printf '${format}' | LC_ALL=C sort`],
    { cwd: root },
  );
  const sums = execFileSync("sh", ["-c", "find . -type f -exec sha256sum {} + | LC_ALL=C sort"], { cwd: root });
  return listed.toString("latin1") + sums.toString("latin1");
}

function unpack(image: string): string {
  const target = `${image}.unpacked`;
  execFileSync("unsquashfs", ["-d", target, "-no-progress", image], { stdio: ["ignore", "ignore", "pipe"] });
  return target;
}

describe("writeSquashfs", () => {
  test.runIf(hasUnsquashfs).each([
    { compression: "zstd", blockSizeBytes: 4096 },
    { compression: "zstd", blockSizeBytes: 131_072 },
    { compression: "gzip", blockSizeBytes: 131_072 },
    { compression: "gzip", blockSizeBytes: 1_048_576 },
  ] as const)("unsquashfs gets the same tree from $compression with blocks of $blockSizeBytes", async (options) => {
    const image = `${folder}/${options.compression}-${options.blockSizeBytes}.sqfs`;

    const written = await writeSquashfs(entriesOfTree(), image, options);

    expect(statSync(image).size).toBe(written.sizeBytes);
    expect(written.sizeBytes % 4096).toBe(0);
    expect(describeTree(unpack(image))).toBe(describeTree(tree));
  });

  test("writes the same bytes with any number of threads", async () => {
    const digests: string[] = [];
    for (const compressorCount of [1, 2, 5]) {
      const image = `${folder}/threads-${compressorCount}.sqfs`;
      const { digestHex } = await writeSquashfs(entriesOfTree(), image, {
        compression: "zstd",
        blockSizeBytes: 4096,
        compressorCount,
      });
      digests.push(digestHex);
    }

    expect(new Set(digests).size).toBe(1);
  });

  test("copies blocks that an earlier image holds, into the same bytes as compressing them gives", async () => {
    const extentCache = createMemoryExtentCache();
    const options = { compression: "zstd", blockSizeBytes: 4096, extentCache } as const;
    const first = await writeSquashfs(entriesOfTree(), `${folder}/first.sqfs`, options);

    const second = await writeSquashfs(entriesOfTree(), `${folder}/second.sqfs`, options);

    expect(second.digestHex).toBe(first.digestHex);
    expect(readFileSync(`${folder}/second.sqfs`).equals(readFileSync(`${folder}/first.sqfs`))).toBe(true);
  });

  test("says which entry no image can hold", async () => {
    const attributes = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: 0 };
    const write = (entries: readonly TreeEntry[]): Promise<unknown> =>
      writeSquashfs(entriesOf(entries), `${folder}/bad.sqfs`, { compression: "zstd" });

    await expect(write([{ ...attributes, path: "x".repeat(257), type: "file" }])).rejects.toMatchObject({
      code: "E_TREE_INVALID",
    });
    await expect(write([{ ...attributes, path: "a", type: "hardlink", linkTarget: "missing" }])).rejects.toMatchObject({
      code: "E_TREE_INVALID",
    });
    await expect(
      write([
        { ...attributes, path: "a", type: "file" },
        { ...attributes, path: "a/b", type: "file" },
      ]),
    ).rejects.toMatchObject({ code: "E_TREE_INVALID" });
    const owners = Array.from({ length: 65_540 }, (_, uid) => ({
      ...attributes,
      path: `f${uid}`,
      type: "file" as const,
      uid,
    }));
    await expect(write(owners)).rejects.toMatchObject({ code: "E_SQUASHFS_TOO_MANY_IDS" });
  });
});
