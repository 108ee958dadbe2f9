import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SourceRequest } from "../../provider/port.ts";
import { fetchCheckout, resolveSource } from "../../source.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { commit, git, makeRepository, makeTestFolder, testContext } from "../../testing/git-fixtures.ts";
import { hasGitBackend, serveGitOverHttp, type GitHttpServer } from "../../testing/git-http-server.ts";

test.each([
  ["gh:owner/my-repo", "my-repo"],
  ["gh:owner/my-repo@v1.0", "my-repo"],
  ["gh:owner/my-repo@feature/x@2", "my-repo"],
  ["gl:group/sub/my-repo@main", "my-repo"],
  ["bb:owner/my-repo", "my-repo"],
  ["gitea:codeberg.org/owner/my-repo@main", "my-repo"],
  ["gitea:git.example.org:3000/owner/my-repo", "my-repo"],
  ["hf:gpt2", "gpt2"],
  ["hf:datasets/owner/name@main", "name"],
  ["hf:spaces/owner/name", "name"],
  ["gist:8a1b2c3d4e5f60718293", "gist-8a1b2c3d4e5f60718293"],
])("%s is a git repository called %s, and prints as itself", (text, name) => {
  expect(parseSpec(text, { cwd: "/" })).toMatchObject({ provider: "git", shown: text, name });
});

test.each(["gh:owner", "gh:a/b/c", "gh:-x/repo", "gh:./x", "gh:owner/repo@", "gl:x", "gist:owner/x y", "hf:a/b/c/d"])(
  "%s is refused with an example of the form",
  (text) => {
    expect(() => parseSpec(text, { cwd: "/" })).toThrow(
      expect.objectContaining({ code: "E_SPEC_INVALID", hint: expect.stringContaining(text.slice(0, 3)) }),
    );
  },
);

test("a Bitbucket pull request has no ref, and the error says what to give", () => {
  expect(() => parseSpec("https://bitbucket.org/o/r/pull-requests/3", { cwd: "/" })).toThrow(
    expect.objectContaining({ code: "E_SPEC_INVALID", hint: expect.stringContaining("--ref BRANCH") }),
  );
});

describe.runIf(hasGitBackend)("on a server", () => {
  let root = "";
  let server: GitHttpServer;
  let [first, second] = ["", ""];
  beforeAll(async () => {
    root = await makeTestFolder();
    const work = await makeRepository(join(root, "work"), { "README.md": "one", "course/week 1/a.txt": "1" });
    first = await git(work, "rev-parse", "HEAD");
    await git(work, "tag", "-m", "x", "v1/rc");
    await git(work, "branch", "feature/deep");
    second = await commit(work, { "README.md": "two" });
    await git(work, "update-ref", "refs/pull/7/head", first);
    await git(work, "update-ref", "refs/merge-requests/7/head", first);
    const places = ["o/r", "g/s/r.git", "o/r.git", "datasets/o/r", "abcdef0123456789abcd", "abcdef0123456789abcd.git"];
    for (const place of places) await git(root, "clone", "--quiet", "--mirror", "work", `served/${place}`);
    server = await serveGitOverHttp({ root: join(root, "served") });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  const contextOf = () => {
    const { origin } = server;
    const mirrors = { github: origin, gitlab: origin, bitbucket: origin, codeberg: origin, huggingFace: origin };
    return { ...testContext(root), mirrors: { ...mirrors, gist: origin } };
  };
  const resolve = (text: string, request: SourceRequest = {}, context = contextOf()) =>
    resolveSource(parseSpec(text, { cwd: root }), request, context);

  test.each([
    ["gh:o/r", {}, "refs/heads/main", undefined],
    ["gh:o/r@feature/deep", {}, "refs/heads/feature/deep", undefined],
    ["gh:o/r", { ref: "v1/rc" }, "refs/tags/v1/rc", undefined],
    ["gl:g/s/r@v1/rc", {}, "refs/tags/v1/rc", undefined],
    ["bb:o/r@main", {}, "refs/heads/main", undefined],
    ["gitea:codeberg.org/o/r", {}, "refs/heads/main", undefined],
    ["hf:datasets/o/r", {}, "refs/heads/main", undefined],
    ["gist:someone/abcdef0123456789abcd", {}, "refs/heads/main", undefined],
    ["https://github.com/o/r/tree/main", {}, "refs/heads/main", undefined],
    ["https://github.com/o/r/tree/main/course/week%201", {}, "refs/heads/main", "course/week 1"],
    ["https://github.com/o/r/tree/feature/deep/course/", {}, "refs/heads/feature/deep", "course"],
    ["https://github.com/o/r/tree/v1/rc?tab=readme#x", {}, "refs/tags/v1/rc", undefined],
    ["https://github.com/o/r/blob/main/course/week%201/a.txt", {}, "refs/heads/main", undefined],
    ["https://github.com/o/r/blob/main/README.md", { subdir: "course" }, "refs/heads/main", "course"],
    ["https://github.com/o/r/releases/tag/v1/rc", {}, "refs/tags/v1/rc", undefined],
    ["https://github.com/o/r/pull/7", {}, "refs/pull/7/head", undefined],
    ["https://github.com/o/r/pull/7/files", {}, "refs/pull/7/head", undefined],
    ["https://gitlab.com/g/s/r/-/tree/feature/deep/course?ref_type=heads", {}, "refs/heads/feature/deep", "course"],
    ["https://gitlab.com/g/s/r/-/merge_requests/7/diffs", {}, "refs/merge-requests/7/head", undefined],
    ["https://gitlab.com/g/s/r/-/tags/v1/rc", {}, "refs/tags/v1/rc", undefined],
    ["https://bitbucket.org/o/r/src/main/course", {}, "refs/heads/main", "course"],
    ["https://bitbucket.org/o/r/branch/feature/deep", {}, "refs/heads/feature/deep", undefined],
    ["https://codeberg.org/o/r/src/branch/feature/deep/course", {}, "refs/heads/feature/deep", "course"],
    ["https://codeberg.org/o/r/src/tag/v1/rc", {}, "refs/tags/v1/rc", undefined],
    ["https://codeberg.org/o/r/pulls/7", {}, "refs/pull/7/head", undefined],
    ["https://huggingface.co/datasets/o/r/tree/main/course", {}, "refs/heads/main", "course"],
  ] as const)("%s %j means %s and the folder %s", async (text, request, ref, subdir) => {
    const source = await resolve(text, request);

    expect(source).toMatchObject({ provider: "git", ref, subdir });
    expect(source.url).toMatch(/^https:\/\/(?:github|gitlab|bitbucket|codeberg|huggingface|gist\.github)\./);
    const { shown, name } = parseSpec(text, { cwd: root });
    expect(parseSpec(shown, { cwd: root })).toMatchObject({ shown, name });
  });

  test.each([
    (sha: string) => `https://github.com/o/r/commit/${sha}`,
    (sha: string) => `https://github.com/o/r/tree/${sha}`,
    (sha: string) => `https://gitlab.com/g/s/r/-/commit/${sha}`,
    (sha: string) => `https://codeberg.org/o/r/src/commit/${sha}/course`,
    (sha: string) => `https://bitbucket.org/o/r/commits/${sha}`,
    (sha: string) => `https://huggingface.co/datasets/o/r/commit/${sha}`,
    (sha: string) => `https://gist.github.com/someone/abcdef0123456789abcd/${sha}`,
    (sha: string) => `gh:o/r@${sha}`,
  ])("pages of a commit mean that commit: %s", async (textOf) => {
    expect(await resolve(textOf(first))).toMatchObject({ ref: undefined, commit: first });
  });

  test("what is fetched is the page's state, and its labels have the public address", async () => {
    const context = contextOf();
    const source = await resolve("https://github.com/o/r/tree/feature/deep", {}, context);
    const checkout = await fetchCheckout(source, join(root, "checkout"), context);

    expect(await readFile(join(checkout.directory, "README.md"), "utf8")).toBe("one");
    expect(checkout).toMatchObject({ url: "https://github.com/o/r", commit: first, revision: first });
    expect(first).not.toBe(second);
  });

  test("a file's page tells that the whole repository is built", async () => {
    const context = contextOf();
    await resolve("https://github.com/o/r/blob/main/README.md", {}, context);

    expect(context.notices).toEqual([expect.stringContaining("README.md")]);
  });

  test("options that say something else than the page are wrong usage; the same is fine", async () => {
    const page = "https://github.com/o/r/tree/main/course";

    await expect(resolve(page, { ref: "v1/rc" })).rejects.toMatchObject({ code: "E_USAGE" });
    await expect(resolve(page, { subdir: "other" })).rejects.toMatchObject({ code: "E_USAGE" });
    expect(await resolve(page, { ref: "main", subdir: "course" })).toMatchObject({ subdir: "course" });
  });

  test("a branch that is not there is told with near names", async () => {
    await expect(resolve("https://github.com/o/r/tree/mian/course")).rejects.toMatchObject({
      code: "E_SOURCE_REF_UNKNOWN",
      hint: expect.stringContaining("main"),
    });
  });
});
