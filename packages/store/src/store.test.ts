import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  symlink,
  truncate,
  utimes,
  writeFile,
  mkdir,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@repo2singularity/base";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "./open-store.ts";
import type { Store } from "./store.ts";
import { removeTree } from "./trees/remove-tree.ts";

const root = await mkdtemp(join(tmpdir(), "r2s-store-"));
let store: Store;
let nowMs = 0;
let number = 0;

beforeEach(async () => {
  nowMs = Date.now();
  store = await openStore({ directory: join(root, `store-${number++}`), clock: () => nowMs });
});
afterEach(() => store[Symbol.asyncDispose]());
afterAll(() => removeTree(root));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Another handle on the same store, as another process would have it. */
const reopen = (): Promise<Store> => openStore({ directory: store.directory, clock: () => nowMs });

test("what was stored comes back under the sha256 of its content, read-only", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 })), async (chunks) => {
      const stored = await store.put(
        (async function* (): AsyncGenerator<Uint8Array> {
          yield* chunks;
        })(),
      );

      expect(stored.digest).toBe(`sha256:${sha256Hex(Buffer.concat(chunks))}`);
      expect(await readFile(stored.path)).toEqual(Buffer.concat(chunks));
      expect((await lstat(stored.path)).mode & 0o777).toBe(0o444);
      expect(await store.find(stored.digest)).toEqual(stored);
    }),
    { numRuns: 25 },
  );
  expect(await readdir(join(store.directory, "tmp"))).toEqual([]);
});

test("a source that breaks in the middle leaves nothing", async () => {
  const broken = (async function* (): AsyncGenerator<Uint8Array> {
    yield bytes("half");
    throw new RangeError("the source broke");
  })();

  await expect(store.put(broken)).rejects.toThrow(RangeError);

  expect(await readdir(join(store.directory, "tmp"))).toEqual([]);
  expect(await store.list()).toEqual([]);
});

test("content that is not the expected one is refused", async () => {
  const expected = `sha256:${sha256Hex("other")}` as const;

  await expect(store.put(bytes("content"), { expected })).rejects.toMatchObject({ code: "E_STORE_CORRUPT" });
  await expect(store.get(expected)).rejects.toMatchObject({ code: "E_STORE_CORRUPT" });
});

test("a file is adopted by moving it, or copied when it must stay", async () => {
  const scratch = await store.makeScratchFolder();
  await writeFile(join(scratch, "moved"), "one");
  await writeFile(join(scratch, "copied"), "two");

  const moved = await store.putFile(join(scratch, "moved"), { move: true });
  const copied = await store.putFile(join(scratch, "copied"));

  expect(moved.digest).toBe(`sha256:${sha256Hex("one")}`);
  expect(copied.digest).toBe(`sha256:${sha256Hex("two")}`);
  expect(await readdir(scratch)).toEqual(["copied"]);
});

test("a file cut short by a power cut is replaced when the same content is stored again", async () => {
  const { path } = await store.put(bytes("content"));
  await chmod(path, 0o644);
  await truncate(path, 0);

  await store.put(bytes("content"));

  expect(await readFile(path, "utf8")).toBe("content");
});

test("a digest or name that could leave its folder is refused", async () => {
  await expect(store.find("sha256:../../etc/passwd")).rejects.toMatchObject({ code: "E_INTERNAL" });
  await expect(store.findTree("../x")).rejects.toMatchObject({ code: "E_INTERNAL" });
  await expect(store.readRecord("../x", "key")).rejects.toMatchObject({ code: "E_INTERNAL" });
});

test("a record is read back as it was written, and the last writer wins", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.jsonValue(), async (key, value) => {
      await store.writeRecord("step", key, "older");
      await store.writeRecord("step", key, value);

      // -0 has no form of its own in JSON
      const expected: unknown = JSON.parse(JSON.stringify(value));
      expect(await store.readRecord("step", key)).toEqual({ key, value: expected, files: [] });
    }),
    { numRuns: 25 },
  );
});

test("a record whose file is gone, or that is damaged, is not there", async () => {
  const { digest, path } = await store.put(bytes("layer"));
  await store.writeRecord("step", "a", { layer: digest }, [digest]);
  expect(await store.readRecord("step", "a")).toMatchObject({ value: { layer: digest }, files: [digest] });

  await removeTree(path);

  expect(await store.readRecord("step", "a")).toBeUndefined();
  expect(await store.readRecord("step", "never written")).toBeUndefined();
});

test("a tree appears whole or not at all, and is made once", async () => {
  let fills = 0;
  const fill = async (folder: string): Promise<void> => {
    fills += 1;
    await writeFile(join(folder, "file"), "x");
  };

  await expect(store.ensureTree("t", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await store.findTree("t")).toBeUndefined();
  const folders = await Promise.all([store.ensureTree("t", fill), store.ensureTree("t", fill)]);

  expect(fills).toBe(1);
  expect(new Set(folders).size).toBe(1);
  expect(await readdir(folders[0])).toEqual(["file"]);
  expect(await readdir(join(store.directory, "tmp"))).toEqual([]);
});

test("a tree with read-only folders is collected, and links in it are not followed", async () => {
  const outside = join(root, "outside");
  await mkdir(outside, { recursive: true });
  await writeFile(join(outside, "precious"), "x");
  await store.ensureTree("t", async (folder) => {
    await mkdir(join(folder, "a/b"), { recursive: true });
    await writeFile(join(folder, "a/b/file"), "x");
    await symlink(outside, join(folder, "a/link"));
    await chmod(join(folder, "a/b"), 0o555);
    await chmod(join(folder, "a"), 0o555);
    await chmod(folder, 0o555);
  });
  await store[Symbol.asyncDispose]();
  store = await reopen();

  const report = await store.collect({ maxBytes: 0 });

  expect(report.removed).toMatchObject([{ kind: "tree", name: "t" }]);
  expect(await readdir(outside)).toEqual(["precious"]);
  expect(await readdir(join(store.directory, "tmp"))).toEqual([]);
});

test("the longest unused goes first, and what is kept or in use stays", async () => {
  const first = await store.put(bytes("a".repeat(100)));
  const second = await store.put(bytes("b".repeat(100)));
  const third = await store.put(bytes("c".repeat(100)));
  await store.writeRecord("step", "first", 1, [first.digest]);
  await store.writeRecord("step", "second", 2, [second.digest]);
  await store[Symbol.asyncDispose]();
  for (const [index, file] of [first, second, third].entries()) {
    await utimes(file.path, new Date(1e12 + index), new Date(1e12 + index));
  }
  store = await reopen();
  await store.find(first.digest); // uses it now and holds it

  const report = await store.collect({ maxBytes: 200 });

  expect(report.removed.map(({ name }) => name)).toEqual([second.digest]);
  expect(report).toMatchObject({ removedBytes: 100, remainingBytes: 200, removedRecordCount: 1 });
  expect(await store.readRecord("step", "first")).toMatchObject({ value: 1 });
  const rest = await store.collect({ maxBytes: 0, keep: new Set([third.digest]) });
  expect(rest.removed).toEqual([]);
  expect(rest.remainingBytes).toBe(200);
});

test("records that nobody has read for long are removed", async () => {
  await store.writeRecord("step", "old", 1);
  nowMs += 200 * 24 * 3600 * 1000;
  await store.writeRecord("step", "used", 2);
  await store.readRecord("step", "used");

  expect((await store.collect({ maxBytes: 1e9 })).removedRecordCount).toBe(1);

  expect(await store.readRecord("step", "used")).toMatchObject({ value: 2 });
});

test("verify finds changed content and damaged records, and drops them when asked", async () => {
  const good = await store.put(bytes("good"));
  const bad = await store.put(bytes("bad!"));
  await store.writeRecord("step", "k", 1);
  const [shard = ""] = await readdir(join(store.directory, "records/step"));
  const [name = ""] = await readdir(join(store.directory, "records/step", shard));
  const recordPath = join(store.directory, "records/step", shard, name);
  await writeFile(recordPath, '{"key":"k"');
  await chmod(bad.path, 0o644);
  await writeFile(bad.path, "BAD!");

  const report = await store.verify();
  const dropped = await store.verify({ drop: true });

  expect(report).toMatchObject({ fileCount: 2, sizeBytes: 8, damagedRecordPaths: [recordPath], isDropped: false });
  expect(report.corrupt).toEqual([{ digest: bad.digest, path: bad.path, found: `sha256:${sha256Hex("BAD!")}` }]);
  expect(dropped.isDropped).toBe(true);
  expect(await store.verify()).toMatchObject({ fileCount: 1, corrupt: [], damagedRecordPaths: [] });
  expect(await store.find(good.digest)).toBeDefined();
});

test("a folder that cannot be made is one readable error", async () => {
  await writeFile(join(root, "a-file"), "");

  await expect(openStore({ directory: join(root, "a-file/store") })).rejects.toMatchObject({
    code: "E_STORE_UNUSABLE",
    hint: expect.stringContaining("XDG_CACHE_HOME"),
  });
});
