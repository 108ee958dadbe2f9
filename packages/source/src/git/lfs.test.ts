import { spawnSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { git, makeRepository, makeTestFolder, testContext } from "../testing/git-fixtures.ts";

const hasLfs = spawnSync("git", ["lfs", "version"]).status === 0;
const pointer = `version https://git-lfs.github.com/spec/v1
oid sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
size 1
`;

let root = "";
beforeAll(async () => {
  root = await makeTestFolder();
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function fetchedFile(repository: string, context: ReturnType<typeof testContext>): Promise<string> {
  const source = await resolveSource(parseSpec(`file://${repository}`, { cwd: root }), {}, context);
  const checkout = await fetchCheckout(source, `${repository}-checkout`, context);
  return readFile(join(checkout.directory, "data.bin"), "utf8");
}

test.runIf(hasLfs)("LFS files are fetched", async () => {
  const repository = await makeRepository(join(root, "with"), { ".gitattributes": "*.bin filter=lfs -text\n" });
  await git(repository, "lfs", "install", "--local");
  await makeRepository(repository, { "data.bin": "large content" });

  expect(await fetchedFile(repository, testContext(root))).toBe("large content");
});

test("without git-lfs the pointers stay, and a notice says so", async () => {
  const files = { ".gitattributes": "*.bin filter=lfs -text\n", "data.bin": pointer };
  const repository = await makeRepository(join(root, "without"), files);
  const context = testContext(root);
  const { runProcess } = context;
  const withoutLfs: typeof context = {
    ...context,
    runProcess: (command, args, options) =>
      runProcess(command, args[0] === "lfs" ? ["no-such-git-command"] : args, options),
  };

  expect(await fetchedFile(repository, withoutLfs)).toBe(pointer);
  expect(context.notices).toEqual(["1 files are kept by Git LFS: they stay pointers because git-lfs is not installed"]);
});
