import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@repo2singularity/base";
import { type TreeEntry, writeSquashfs, type WrittenSquashfs } from "@repo2singularity/image";
import { openStore, type Store } from "@repo2singularity/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSqliteExtentCache, type SqliteExtentCache } from "./sqlite-extent-cache.ts";

const format = { compression: "zstd", level: 3, blockSizeBytes: 4096 } as const;

async function openedStore(): Promise<Store> {
  return openStore({ directory: await mkdtemp(join(tmpdir(), "extents-")) });
}

async function* treeOf(hostPath: string, bytes: Uint8Array): AsyncGenerator<TreeEntry> {
  const facts = { uid: 0, gid: 0, mtimeSeconds: 0 };
  yield { ...facts, path: "", type: "directory", mode: 0o755, sizeBytes: 0 };
  yield {
    ...facts,
    path: "big",
    type: "file",
    mode: 0o644,
    sizeBytes: bytes.length,
    content: {
      hostPath,
      stream: async function* () {
        yield bytes;
      },
    },
  };
}

/** Packs a tree as a layer and puts it into the store under its digest. */
async function pack(store: Store, extentCache: SqliteExtentCache, bytes: Uint8Array): Promise<WrittenSquashfs> {
  const folder = await store.makeScratchFolder();
  await writeFile(join(folder, "big"), bytes);
  const path = join(folder, "layer.sqfs");
  const written = await writeSquashfs(treeOf(join(folder, "big"), bytes), path, { ...format, extentCache });
  await store.putFile(path, { move: true });
  return written;
}

const keyOf = (bytes: Uint8Array) => ({ ...format, contentSha256: sha256Hex(bytes), sizeBytes: bytes.length }) as const;

test("a layer's extents are found by the next process, in the layer's place in the store", async () => {
  await using store = await openedStore();
  const bytes = Buffer.concat([randomBytes(5000), Buffer.alloc(20_000, "text ")]);
  const first = openSqliteExtentCache(store);
  const { digestHex } = await pack(store, first, bytes);
  await first.close();

  await using second = openSqliteExtentCache(store);
  const found = second.find(keyOf(bytes));

  expect(found?.imagePath).toBe((await store.get(`sha256:${digestHex}`)).path);
  expect(found?.blockSizes).toHaveLength(Math.floor(bytes.length / 4096));
  expect(second.find({ ...keyOf(bytes), level: 4 })).toBeUndefined();
});

test("an image that is packed from known extents has the same bytes", async () => {
  await using store = await openedStore();
  const bytes = Buffer.alloc(200_000, "some text that compresses ");
  const first = openSqliteExtentCache(store);
  const one = await pack(store, first, bytes);
  await first.close();
  await using second = openSqliteExtentCache(store);

  const two = await pack(store, second, bytes);

  expect(two.digestHex).toBe(one.digestHex);
});

test("what is said of a layer that was collected is dropped", async () => {
  await using store = await openedStore();
  const bytes = Buffer.alloc(9000, "x");
  const cache = openSqliteExtentCache(store);
  const { digestHex } = await pack(store, cache, bytes);
  await cache.close();
  await rm((await store.get(`sha256:${digestHex}`)).path, { force: true });

  await using reopened = openSqliteExtentCache(store);

  expect(reopened.find(keyOf(bytes))).toBeUndefined();
});

test("a damaged database is replaced by an empty one", async () => {
  await using store = await openedStore();
  const path = join(store.directory, "extents.sqlite");
  await writeFile(path, "this is no database, and it is long enough to be taken for one".repeat(20));
  const bytes = Buffer.alloc(9000, "x");

  const cache = openSqliteExtentCache(store);
  await pack(store, cache, bytes);
  await cache.close();

  await using reopened = openSqliteExtentCache(store);
  expect(reopened.find(keyOf(bytes))).toBeDefined();
  expect((await stat(path)).size).toBeGreaterThan(4096);
});

test("a folder that cannot hold a database makes a cache that knows nothing", async () => {
  await using cache = openSqliteExtentCache({ directory: "/nonexistent/store" });

  cache.record("/nonexistent/layer", []);

  expect(cache.find(keyOf(Buffer.from("x")))).toBeUndefined();
});

test("two caches of one store record at the same time", async () => {
  await using store = await openedStore();
  await using a = openSqliteExtentCache(store);
  await using b = openSqliteExtentCache(store);
  const contents = Array.from({ length: 2 }, (_, index) => Buffer.alloc(9000, String(index)));

  await Promise.all(contents.map((bytes, index) => pack(store, index === 0 ? a : b, bytes)));
  await Promise.all([a.close(), b.close()]);

  await using reopened = openSqliteExtentCache(store);
  for (const bytes of contents) expect(reopened.find(keyOf(bytes))).toBeDefined();
});

test("any sizes and offsets come back as they were recorded", async () => {
  await using store = await openedStore();
  const { digest, path } = await store.put(Buffer.from("layer"));
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
  const extents = fc.record({
    contentSha256: hex,
    offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    blockSizes: fc.array(fc.nat({ max: 2 ** 32 - 1 })),
  });

  await fc.assert(
    fc.asyncProperty(fc.array(extents, { minLength: 1, maxLength: 5 }), async (list) => {
      const rows = list.map(({ contentSha256, offset, blockSizes }) => ({
        key: { ...format, contentSha256, sizeBytes: 1 },
        offset,
        blockSizes,
      }));
      const writer = openSqliteExtentCache(store);
      writer.record(path, rows);
      await writer.close();

      await using reader = openSqliteExtentCache(store);
      const last = rows.at(-1)!;
      expect(reader.find(last.key)).toEqual({ imagePath: path, offset: last.offset, blockSizes: last.blockSizes });
    }),
    { numRuns: 20 },
  );
  expect(digest).toMatch(/^sha256:/);
});
