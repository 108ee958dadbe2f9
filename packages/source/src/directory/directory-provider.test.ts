import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Checkout } from "../checkout/checkout.ts";
import type { SourceRequest } from "../provider/port.ts";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import {
  commit,
  commitTimeSeconds,
  git,
  makeRepository,
  makeTestFolder,
  testContext,
  writeFiles,
} from "../testing/git-fixtures.ts";

let root = "";
beforeAll(async () => {
  root = await makeTestFolder();
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function open(path: string, request: SourceRequest = {}, context = testContext(root)): Promise<Checkout> {
  const source = await resolveSource(parseSpec(path, { cwd: root }), request, context);
  return fetchCheckout(source, join(root, "fetched", path.replaceAll("/", "-") + (request.ref ?? "")), context);
}

test("a plain folder is used where it is and has no commit", async () => {
  await writeFiles(join(root, "plain"), { "a.txt": "", "sub/b.txt": "" });

  expect(await open("plain", { subdir: "sub" })).toMatchObject({
    directory: join(root, "plain/sub"),
    name: "plain",
    url: undefined,
    commit: undefined,
    commitTimeSeconds: undefined,
    isDirty: false,
    subdir: "sub",
  });
  await expect(open("plain", { ref: "main" })).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
});

test("a clone knows its commit, where it came from without secrets, and whether it was changed", async () => {
  const folder = await makeRepository(join(root, "clone"), { "a.txt": "1", ".gitignore": "cache\n" });
  const head = await git(folder, "rev-parse", "HEAD");
  await git(folder, "remote", "add", "origin", "https://me:s3cret@example.org/me/clone.git");
  await writeFiles(folder, { cache: "" });
  const clean = await open("clone");
  await writeFiles(folder, { "new.ipynb": "" });
  const dirty = await open("clone");

  expect(clean).toMatchObject({ url: "https://example.org/me/clone.git", ref: "refs/heads/main", commit: head });
  expect(clean).toMatchObject({ commitTimeSeconds, isDirty: false, directory: folder });
  expect(dirty.isDirty).toBe(true);
  expect((await dirty.files()).map(({ path }) => path)).toEqual([".gitignore", "a.txt", "cache", "new.ipynb"]);
});

test("a ref of a folder is fetched, so that uncommitted changes stay out and its path stays unknown", async () => {
  const folder = await makeRepository(join(root, "history"), { "in/a.txt": "1" });
  await git(folder, "tag", "v1");
  await commit(folder, { "in/a.txt": "2" });
  await writeFiles(folder, { "in/uncommitted": "" });

  const tagged = await open("history", { ref: "v1" });
  const inside = await open("history/in", { ref: "main" });

  expect(tagged).toMatchObject({ ref: "refs/tags/v1", url: undefined, name: "history" });
  expect((await tagged.files()).map(({ path }) => path)).toEqual(["in", "in/a.txt"]);
  expect(inside).toMatchObject({ name: "in", subdir: "in" });
  expect((await inside.files()).map(({ path }) => path)).toEqual(["a.txt"]);
});

test("a bare repository on the disk is a repository", async () => {
  const work = await makeRepository(join(root, "for-bare"), { "a.txt": "1" });
  await git(root, "clone", "--quiet", "--bare", work, "bare.git");

  const checkout = await open("bare.git");

  expect(checkout).toMatchObject({ name: "bare", ref: "refs/heads/main" });
  expect((await checkout.files()).map(({ path }) => path)).toEqual(["a.txt"]);
});

test("a folder inside a repository that does not track it, and one without commits, have no commit", async () => {
  const outer = await makeRepository(join(root, "outer"), { "a.txt": "" });
  await writeFiles(outer, { "untracked/b.txt": "" });
  await mkdir(join(root, "fresh"));
  await git(join(root, "fresh"), "init", "--quiet");

  expect(await open("outer/untracked")).toMatchObject({ commit: undefined });
  expect(await open("fresh")).toMatchObject({ commit: undefined });
});

test("a filter that the folder's own settings define is not run", async () => {
  const folder = await makeRepository(join(root, "filtered"), { ".gitattributes": "* filter=evil\n", "a.txt": "" });
  const trace = join(root, "trace");
  await git(folder, "config", "filter.evil.clean", `touch ${trace}; cat`);
  await git(folder, "config", "core.fsmonitor", `touch ${trace}`);
  await writeFiles(folder, { "a.txt": "changed" });

  expect(await open("filtered")).toMatchObject({ isDirty: true });
  expect((await (await open(".")).files()).map(({ path }) => path)).not.toContain("trace");
});
