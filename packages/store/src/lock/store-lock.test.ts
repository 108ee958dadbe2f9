import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { ensureLayout, layoutOf, type Layout } from "../layout.ts";
import { formatMark, ownMark } from "../owner/process-mark.ts";
import { removeTree } from "../trees/remove-tree.ts";
import { isLockHeld, takeLock } from "./store-lock.ts";

const root = await mkdtemp(join(tmpdir(), "r2s-lock-"));
afterAll(() => removeTree(root));

let layout: Layout;
let number = 0;
beforeEach(async () => {
  layout = layoutOf(join(root, String(number++)));
  await ensureLayout(layout);
});

/** The path of the folder that is the lock of "name". */
async function lockFolder(): Promise<string> {
  await using _lock = await takeLock(layout, "name");
  const name = (await readdir(layout.locks)).find((entry) => entry.endsWith(".lock")) ?? "";
  return join(layout.locks, name);
}

test("one holder at a time, in the order they come free", async () => {
  let holders = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    await using _lock = await takeLock(layout, "name");
    most = Math.max(most, ++holders);
    await new Promise(setImmediate);
    holders -= 1;
  };

  await Promise.all([work(), work(), work(), work()]);

  expect(most).toBe(1);
  expect(await readdir(layout.locks)).toEqual([]);
});

test("different names do not wait for each other", async () => {
  await using _first = await takeLock(layout, "a");
  await using _second = await takeLock(layout, "b", { waitMs: 100 });

  expect(await isLockHeld(layout, "a")).toBe(true);
  expect(await isLockHeld(layout, "c")).toBe(false);
});

test("the lock of a dead owner is taken over at once", async () => {
  const folder = await lockFolder();
  await mkdir(folder);
  await writeFile(folder.replace(/lock$/, "owner"), formatMark({ ...ownMark(), start: "1" }));

  expect(await isLockHeld(layout, "name")).toBe(false);
  await using _lock = await takeLock(layout, "name", { waitMs: 0 });
});

test("the lock of a holder who was killed before he wrote down who he is is taken over soon", async () => {
  const folder = await lockFolder();
  await mkdir(folder);
  const timings = { staleMs: 60_000, namelessMs: 40 };

  await expect(takeLock(layout, "name", { waitMs: 0 }, timings)).rejects.toMatchObject({ code: "E_STORE_LOCKED" });
  await using _lock = await takeLock(layout, "name", { waitMs: 2_000 }, timings);
});

test("the lock of an owner on another host is respected", async () => {
  const folder = await lockFolder();
  await mkdir(folder);
  await writeFile(folder.replace(/lock$/, "owner"), formatMark({ ...ownMark(), place: "0123456789ab" }));

  expect(await isLockHeld(layout, "name")).toBe(true);
  await expect(takeLock(layout, "name", { waitMs: 60 })).rejects.toMatchObject({ code: "E_STORE_LOCKED" });
});
