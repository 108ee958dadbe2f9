import { readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Checkout } from "../checkout/checkout.ts";
import type { ResolvedSource, SourceRequest } from "../provider/port.ts";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import {
  commit,
  commitTimeSeconds,
  git,
  makeRepository,
  makeTestFolder,
  testContext,
} from "../testing/git-fixtures.ts";

let root = "";
let repository = "";
let [first, second, onTopic] = ["", "", ""];
let folderNumber = 0;

beforeAll(async () => {
  root = await makeTestFolder();
  repository = await makeRepository(join(root, "My Repo!.git"), { "requirements.txt": "numpy\n" });
  first = await git(repository, "rev-parse", "HEAD");
  await git(repository, "tag", "--annotate", "v1", "--message", "one");
  await git(repository, "branch", "both", first);
  second = await commit(repository, { "requirements.txt": "numpy\npandas\n", "course/one/a.ipynb": "{}" });
  await git(repository, "tag", "both");
  await git(repository, "checkout", "--quiet", "-b", "release/2.0");
  onTopic = await commit(repository, { "topic.txt": "x" });
  await git(repository, "checkout", "--quiet", "main");
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function resolve(request: SourceRequest = {}, context = testContext(root)): Promise<ResolvedSource> {
  return resolveSource(parseSpec(`file://${encodeURI(repository)}`, { cwd: root }), request, context);
}

async function fetch(request: SourceRequest = {}): Promise<Checkout> {
  const context = testContext(root);
  return fetchCheckout(await resolve(request, context), join(root, `checkout-${folderNumber++}`), context);
}

test("without a ref the server's default branch is taken", async () => {
  expect(await resolve()).toMatchObject({ ref: "refs/heads/main", commit: second, name: "My-20Repo" });
  expect(await resolve({ ref: "HEAD" })).toMatchObject({ ref: "refs/heads/main", commit: second });
});

test("branches, tags, full and short commits are found", async () => {
  expect(await resolve({ ref: "release/2.0" })).toMatchObject({ ref: "refs/heads/release/2.0", commit: onTopic });
  expect(await resolve({ ref: "v1" })).toMatchObject({ ref: "refs/tags/v1", commit: first });
  expect(await resolve({ ref: "refs/tags/v1" })).toMatchObject({ ref: "refs/tags/v1", commit: first });
  expect(await resolve({ ref: first.toUpperCase() })).toMatchObject({ ref: undefined, commit: first });
  expect(await resolve({ ref: onTopic.slice(0, 8) })).toMatchObject({ ref: undefined, commit: onTopic });
  expect((await readdir(root)).filter((name) => name.startsWith("history-"))).toEqual([]);
});

test("a name that is a branch and a tag means the branch, and the user is told", async () => {
  const context = testContext(root);

  expect(await resolve({ ref: "both" }, context)).toMatchObject({ ref: "refs/heads/both", commit: first });
  expect(context.notices).toEqual(['"both" is a branch and a tag: the branch is taken']);
});

test("only the last part of a branch's name is not its name", async () => {
  await expect(resolve({ ref: "2.0" })).rejects.toMatchObject({ code: "E_SOURCE_REF_UNKNOWN" });
});

test("an unknown ref names those that are near", async () => {
  await expect(resolve({ ref: "realease/2.0" })).rejects.toMatchObject({
    code: "E_SOURCE_REF_UNKNOWN",
    message: expect.stringContaining("realease/2.0"),
    hint: "did you mean release/2.0?",
  });
  await expect(resolve({ ref: "deadbeef" })).rejects.toMatchObject({ code: "E_SOURCE_REF_UNKNOWN" });
});

test.each(["--upload-pack=touch x", "-x", "a b", "a..b", "main~1", "*", "a\nb", "HEAD@{1}"])(
  "%j is refused as a ref before git sees it",
  async (ref) => {
    await expect(resolve({ ref })).rejects.toMatchObject({ code: "E_SOURCE_REF_UNKNOWN" });
  },
);

test.each([
  ["a branch", () => "release/2.0", () => onTopic],
  ["an annotated tag", () => "v1", () => first],
  ["a full commit that no branch ends in", () => first, () => first],
  ["a short commit", () => first.slice(0, 7), () => first],
])("%s is checked out with its files and nothing of the history", async (_name, ref, expected) => {
  const checkout = await fetch({ ref: ref() });

  expect(checkout).toMatchObject({ commit: expected(), commitTimeSeconds, isDirty: false, name: "My-20Repo" });
  expect(await readFile(join(checkout.directory, "requirements.txt"), "utf8")).toContain("numpy");
  expect(await git(checkout.directory, "rev-list", "--count", "HEAD")).toBe("1");
});

test("the number of an annotated tag's object gives its commit", async () => {
  const tagObject = await git(repository, "rev-parse", "v1");

  expect(await fetch({ ref: tagObject })).toMatchObject({ commit: first });
});

test("a commit that does not exist is an unknown ref", async () => {
  await expect(fetch({ ref: "0123456789012345678901234567890123456789" })).rejects.toMatchObject({
    code: "E_SOURCE_REF_UNKNOWN",
  });
});

test("a folder of the repository is entered, and a missing one lists those that are there", async () => {
  const checkout = await fetch({ subdir: "./course/one/" });

  expect((await checkout.files()).map(({ path }) => path)).toEqual(["a.ipynb"]);
  expect(checkout.subdir).toBe("course/one");
  await expect(fetch({ subdir: "curse" })).rejects.toMatchObject({
    code: "E_SUBDIR_NOT_FOUND",
    hint: "it has course/",
  });
  await expect(fetch({ subdir: "../x" })).rejects.toMatchObject({ code: "E_USAGE" });
});

test("an empty repository says so", async () => {
  await git(root, "init", "--quiet", "--bare", "empty.git");

  const resolving = resolveSource(parseSpec(`file://${root}/empty.git`, { cwd: root }), {}, testContext(root));

  await expect(resolving).rejects.toMatchObject({
    code: "E_SOURCE_REF_UNKNOWN",
    message: expect.stringContaining("has no commits yet"),
  });
});

test("a repository that is not there and a server that does not answer are told apart", async () => {
  const missing = resolveSource(parseSpec(`file://${root}/nothing`, { cwd: root }), {}, testContext(root));
  await expect(missing).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });

  const silent = resolveSource(parseSpec("git://127.0.0.1:1/x", { cwd: root }), {}, testContext(root));
  await expect(silent).rejects.toMatchObject({ code: "E_SOURCE_NETWORK", retryable: true });
});

test("an abort passes through as it is", async () => {
  const context = { ...testContext(root), signal: AbortSignal.abort() };

  await expect(resolve({}, { ...context, notices: [] })).rejects.toMatchObject({ name: "AbortError" });
});

test("submodules are checked out, those of submodules too", async () => {
  const inner = await makeRepository(join(root, "inner"), { "inner.txt": "1" });
  const middle = await makeRepository(join(root, "middle"), { "middle.txt": "2" });
  await git(middle, "submodule", "--quiet", "add", `file://${inner}`, "inner");
  await commit(middle, {});
  await git(repository, "checkout", "--quiet", "-b", "with-submodules");
  await git(repository, "submodule", "--quiet", "add", "../middle", "lib/middle").catch(() =>
    git(repository, "submodule", "--quiet", "add", `file://${middle}`, "lib/middle"),
  );
  await commit(repository, {});
  await git(repository, "checkout", "--quiet", "main");

  const checkout = await fetch({ ref: "with-submodules" });

  expect(await readFile(join(checkout.directory, "lib/middle/inner/inner.txt"), "utf8")).toBe("1");
  expect((await checkout.files()).map(({ path }) => path)).not.toContain("lib/middle/.git");
});

test("a repository cannot run a hook or a filter here", async () => {
  const hostile = await makeRepository(join(root, "hostile"), {
    ".gitattributes": "* filter=evil\n",
    "a.txt": "untouched",
  });
  const trace = join(root, "filter-ran");
  const context = testContext(root);
  const settings = {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "filter.evil.smudge",
    GIT_CONFIG_VALUE_0: `touch ${trace}`,
  };
  const withFilter = { ...context, env: { ...context.env, ...settings } };

  const source = await resolveSource(parseSpec(`file://${hostile}`, { cwd: root }), {}, withFilter);
  const checkout = await fetchCheckout(source, join(root, "hostile-checkout"), withFilter);

  expect(await readFile(join(checkout.directory, "a.txt"), "utf8")).toBe("untouched");
  await expect(stat(trace)).rejects.toMatchObject({ code: "ENOENT" });
});
