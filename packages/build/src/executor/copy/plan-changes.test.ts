import { expect, test } from "vitest";
import type { ListedEntry } from "../../tree/list-tree.ts";
import { planChanges } from "./plan-changes.ts";

function tree(entries: Readonly<Record<string, string>>): ListedEntry[] {
  return Object.entries(entries).map(([path, stamp]) => ({ path, type: stamp[0] ?? "", mode: 0o755, stamp }));
}

test("finds new and changed entries with the folders above them", () => {
  const before = tree({ a: "d1", "a/b": "d1", "a/b/x": "f1", c: "f1" });
  const after = tree({ a: "d1", "a/b": "d1", "a/b/x": "f2", c: "f1", e: "d1", "e/new": "f1" });

  const { changed, removed } = planChanges(before, after);

  expect(changed.map(({ path }) => path)).toEqual(["a", "a/b", "a/b/x", "e", "e/new"]);
  expect(removed).toEqual([]);
});

test("tells of a removed folder once, and keeps the folder it was in", () => {
  const before = tree({ a: "d1", "a/gone": "d1", "a/gone/x": "f1" });

  const { changed, removed } = planChanges(before, tree({ a: "d2" }));

  expect([changed.map(({ path }) => path), removed]).toEqual([["a"], ["a/gone"]]);
});

test("a folder that became a file hides what was in it by itself", () => {
  const before = tree({ a: "d1", "a/x": "f1" });

  const { changed, removed } = planChanges(before, tree({ a: "f2" }));

  expect([changed.map(({ path }) => path), removed]).toEqual([["a"], []]);
});
