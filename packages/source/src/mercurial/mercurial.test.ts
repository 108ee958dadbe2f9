import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { processRunner } from "@repo2singularity/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SourceRequest } from "../provider/port.ts";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { commitTimeSeconds, makeTestFolder, testContext } from "../testing/git-fixtures.ts";
import { hasHg, hg, hgCommit, hgEnv, makeHgRepository, serveHg } from "../testing/hg-fixtures.ts";

test.each([
  ["hg+https://example.org/a/my-repo", "my-repo"],
  ["hg+ssh://hg@example.org/my-repo", "my-repo"],
  ["hg+file:///srv/hg/my-repo", "my-repo"],
])("%s is a Mercurial repository and prints as itself", (text, name) => {
  expect(parseSpec(text, { cwd: "/" })).toMatchObject({ provider: "mercurial", shown: text, name });
});

test("hosts called hg serve Mercurial", () => {
  const spec = parseSpec("https://hg.mozilla.org/mozilla-central", { cwd: "/" });
  expect(spec).toMatchObject({ provider: "mercurial", shown: "hg+https://hg.mozilla.org/mozilla-central" });
});

test.each([
  "hg+ext://x/y",
  "hg+ssh://-oProxyCommand=x/repo",
  "hg+https://me:s3cret@example.org/repo",
  "hg+https://example.org",
  "hg+nothing",
])("%s is refused", (text) => {
  expect(() => parseSpec(text, { cwd: "/" })).toThrow(expect.objectContaining({ code: "E_SPEC_INVALID" }));
});

test("without hg the error says what to install", async () => {
  const context = { runProcess: processRunner, env: { PATH: "/nowhere" }, scratchFolder: "/" };
  await expect(
    resolveSource(parseSpec("hg+https://example.org/repo", { cwd: "/" }), {}, context),
  ).rejects.toMatchObject({ code: "E_PROCESS_NOT_FOUND", hint: expect.stringContaining("apt-get install mercurial") });
});

describe.runIf(hasHg)("with hg", () => {
  let root = "";
  let text = "";
  let [first, second, third] = ["", "", ""];
  beforeAll(async () => {
    root = await makeTestFolder();
    const repository = await makeHgRepository(join(root, "my-repo"), { "a.txt": "one", "course/b.txt": "1" });
    first = await hg(repository, "identify", "--debug", "--id");
    await hg(repository, "tag", "v1.0", "--user", "A", "--date", `${commitTimeSeconds} 0`);
    second = await hgCommit(repository, { "a.txt": "two" });
    await hg(repository, "bookmark", "--rev", first, "review/1");
    await hg(repository, "branch", "--quiet", "feature");
    third = await hgCommit(repository, { "a.txt": "three" });
    text = `hg+file://${repository}`;
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  let count = 0;
  const context = () => ({ ...testContext(root), env: hgEnv });
  const open = async (spec: string, request: SourceRequest = {}) => {
    const source = await resolveSource(parseSpec(spec, { cwd: root }), request, context());
    return fetchCheckout(source, join(root, `checkout-${++count}`), context());
  };

  test("the default branch is taken, with its changeset and time, without the history's own files", async () => {
    const checkout = await open(text);

    expect(checkout).toMatchObject({
      provider: "mercurial",
      name: "my-repo",
      url: text.slice(3),
      ref: undefined,
      commit: second,
      revision: second,
      commitTimeSeconds,
      isDirty: false,
    });
    expect((await checkout.files()).map(({ path }) => path)).toEqual([".hgtags", "a.txt", "course", "course/b.txt"]);
  });

  test.each([
    ["a branch", () => "feature", () => third, "feature"],
    ["a tag", () => "v1.0", () => first, "v1.0"],
    ["a bookmark", () => "review/1", () => first, "review/1"],
    ["a changeset", () => first, () => first, undefined],
    ["the beginning of one", () => second.slice(0, 10), () => second, undefined],
  ])("%s is a ref", async (_, wanted, commit, ref) => {
    const source = await resolveSource(parseSpec(text, { cwd: root }), { ref: wanted() }, context());

    expect(source).toMatchObject({ commit: commit(), ref });
  });

  test("what is fetched is the ref's state, in a folder of it when one is asked for", async () => {
    const checkout = await open(text, { ref: "v1.0", subdir: "course" });

    expect((await checkout.files()).map(({ path }) => path)).toEqual(["b.txt"]);
    expect(await readFile(join(checkout.directory, "../a.txt"), "utf8")).toBe("one");
  });

  test.each(["deadbeef", "max(all())", "-x", "a:b"])("%s is no ref", async (ref) => {
    await expect(open(text, { ref })).rejects.toMatchObject({ code: "E_SOURCE_REF_UNKNOWN" });
  });

  test("a folder's own repository is fetched at a ref, and its path stays unknown", async () => {
    const source = await resolveSource(parseSpec("my-repo", { cwd: root }), { ref: "feature" }, context());

    expect(source).toMatchObject({ provider: "mercurial", commit: third, ref: "feature", url: undefined });
  });

  test("a repository that is not there is told", async () => {
    await expect(open(`hg+file://${root}/nowhere`)).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  });

  test("over http it is found with and without the prefix, because git finds nothing there", async () => {
    await using server = await serveHg(join(root, "my-repo"));

    for (const spec of [`hg+${server.origin}/served`, `${server.origin}/served`]) {
      const source = await resolveSource(parseSpec(spec, { cwd: root }), {}, context());
      expect(source).toMatchObject({ provider: "mercurial", commit: second, url: `${server.origin}/served` });
    }
    await expect(
      resolveSource(parseSpec(`${server.origin}/other`, { cwd: root }), {}, context()),
    ).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND", message: expect.stringContaining("branches") });
  });

  test("subrepositories are refused, because they may come from anywhere", async () => {
    const outer = await makeHgRepository(join(root, "outer"), { "a.txt": "1" });
    await makeHgRepository(join(outer, "inner"), { "b.txt": "1" });
    await hgCommit(outer, { ".hgsub": "inner = inner\n" });

    await expect(open(`hg+file://${outer}`)).rejects.toMatchObject({
      code: "E_SOURCE_FETCH",
      hint: expect.stringContaining("clone it yourself"),
    });
  });
});
