import { chmod, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAppError } from "@repo2singularity/base";
import { describeObjectStore } from "@repo2singularity/testkit/objects";
import { afterAll, expect, test } from "vitest";
import { openDiskObjectStore } from "./disk-object-store.ts";

const root = await mkdtemp(join(tmpdir(), "r2s-objects-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const suite = async () => openDiskObjectStore(join(root, "suite"));
describeObjectStore("on a disk", suite, suite);

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test("an object is a file at its name, and nothing else stays of writing it", async () => {
  const directory = join(root, "plain");
  const store = openDiskObjectStore(directory);

  await store.write("a/b.sif", bytes("x"));

  expect((await readdir(directory, { recursive: true })).toSorted()).toEqual([".uploads", "a", "a/b.sif"]);
});

test("folders go with their last object", async () => {
  const directory = join(root, "folders");
  const store = openDiskObjectStore(directory);
  await store.write("a/b/c", bytes("x"));
  await store.write("a/d", bytes("x"));

  await store.remove("a/b/c");

  expect(await readdir(join(directory, "a"))).toEqual(["d"]);
});

test("says which name is in the way", async () => {
  const store = openDiskObjectStore(join(root, "in-the-way"));
  await store.write("a", bytes("x"));

  await expect(store.write("a/b", bytes("x"))).rejects.toSatisfy(
    (error) => isAppError(error, "E_FILE_ACCESS") && error.message.includes("an object of its own"),
  );
});

test("does not follow links out of its folder", async () => {
  const directory = join(root, "links");
  const store = openDiskObjectStore(directory);
  await store.write("here", bytes("x"));
  await writeFile(join(root, "outside"), "secret");
  await symlink(join(root, "outside"), join(directory, "link"));

  expect(await store.read("link")).toBeUndefined();
  const names = [];
  for await (const { name } of store.list("")) names.push(name);
  expect(names).toEqual(["here"]);
});

test("what a killed process left of a write is removed with stale uploads", async () => {
  const directory = join(root, "killed");
  const store = openDiskObjectStore(directory);
  await store.write("a", bytes("x"));
  await writeFile(join(directory, ".uploads", "write-0011"), "half");

  expect(await store.removeStaleUploads(new Date(Date.now() + 1_000))).toBe(1);

  expect(await readdir(join(directory, ".uploads"))).toEqual([]);
});

test("writes that make and remove the same folder at once all succeed", async () => {
  const store = openDiskObjectStore(join(root, "at-once"));
  const work = Array.from({ length: 50 }, async (_, number) => {
    await store.write(`deep/folder/${number}`, bytes("x"));
    await store.remove(`deep/folder/${number}`);
  });

  await Promise.all(work);

  expect(await store.stat("deep/folder/0")).toBeUndefined();
});

test.runIf(process.getuid?.() !== 0)("says which folder may not be written", async () => {
  const directory = join(root, "read-only");
  await openDiskObjectStore(directory).write("a", bytes("x"));
  await chmod(directory, 0o500);

  await expect(openDiskObjectStore(directory).write("b", bytes("x"))).rejects.toSatisfy((error) =>
    isAppError(error, "E_FILE_ACCESS"),
  );
  await chmod(directory, 0o700);
});
