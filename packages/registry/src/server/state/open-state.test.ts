import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openState } from "./open-state.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "r2s-state-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a second process finds what the first one wrote, and the same secret", async () => {
  const file = path.join(folder, "registry.db");
  await using first = await openState(file);
  await first.db
    .insertInto("repository")
    .values({ name: "a/b", description: "", readme: "", created_ms: 1, updated_ms: 1 })
    .execute();

  await using second = await openState(file);

  expect(await second.db.selectFrom("repository").select("name").execute()).toEqual([{ name: "a/b" }]);
  expect(second.secret).toEqual(first.secret);
  expect(second.secret).toHaveLength(32);
});

test("what happens in a transaction that fails has not happened, and others wait for it", async () => {
  await using state = await openState(path.join(folder, "registry.db"));
  const setting = (name: string): { name: string; value: string } => ({ name, value: "1" });

  const failing = state.db.transaction().execute(async (transaction) => {
    await transaction.insertInto("setting").values(setting("lost")).execute();
    throw new Error("changed my mind");
  });
  const other = state.db.insertInto("setting").values(setting("kept")).execute();

  await expect(failing).rejects.toThrow("changed my mind");
  await other;
  const names = await state.db.selectFrom("setting").select("name").orderBy("name").execute();
  expect(names.map(({ name }) => name)).toEqual(["kept", "secret"]);
});

test("a file that is no database is told", async () => {
  const file = path.join(folder, "registry.db");
  await writeFile(file, "not a database at all, but long enough to be looked at".repeat(40));

  await expect(openState(file)).rejects.toMatchObject({ code: "E_REGISTRY_STATE" });
  await expect(openState(path.join(folder, "none", "x.db"))).rejects.toMatchObject({ code: "E_REGISTRY_STATE" });
});
