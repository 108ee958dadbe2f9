import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Secret } from "@repo2singularity/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkHoldsNoSecret } from "./find-secrets.ts";
import { findableTexts, secretTexts } from "./secret-texts.ts";

const netrc = "machine git.example.org login me password correct-horse\n";
let tree = "";

beforeEach(async () => {
  tree = await mkdtemp(path.join(tmpdir(), "secrets-"));
});
afterEach(() => rm(tree, { recursive: true }));

function check(): Promise<void> {
  const secrets = new Map([["netrc", new Secret(netrc)]]);
  return checkHoldsNoSecret(tree, secrets, { title: "postBuild", signal: new AbortController().signal });
}

test("the password alone of a netrc file is found, with its file", async () => {
  await mkdir(path.join(tree, "srv/repo"), { recursive: true });
  await writeFile(path.join(tree, "srv/repo/settings"), "url=https://me:correct-horse@git.example.org\n");

  await expect(check()).rejects.toMatchObject({
    code: "E_SECRET_IN_LAYER",
    message: 'the steps of "postBuild" left the secret netrc in /srv/repo/settings',
  });
});

test("a secret across the border of two chunks is found", async () => {
  const text = "correct-horse";
  await writeFile(path.join(tree, "big"), Buffer.concat([Buffer.alloc(2 ** 20 - 5, 120), Buffer.from(text)]));

  await expect(check()).rejects.toMatchObject({ code: "E_SECRET_IN_LAYER" });
});

test("a secret as the target of a link is found, and links are not followed", async () => {
  await writeFile(path.join(tree, "..", `${path.basename(tree)}-outside`), netrc);
  await symlink(`../${path.basename(tree)}-outside`, path.join(tree, "outside"));
  await expect(check()).resolves.toBeUndefined();
  await rm(path.join(tree, "..", `${path.basename(tree)}-outside`));

  await symlink("/correct-horse", path.join(tree, "link"));
  await expect(check()).rejects.toMatchObject({ code: "E_SECRET_IN_LAYER" });
});

test("what is starred: the whole, lines, passwords, and how they look in addresses; short words are not", () => {
  expect(secretTexts(netrc)).toContain("correct-horse");
  expect(secretTexts("p@ss/word\n")).toEqual(["p%40ss%2Fword", "p@ss/word"]);
  expect(secretTexts("abc")).toEqual([]);
  expect(findableTexts("machine git.example.org\n login me\n password short1\n")).not.toContain(
    "machine git.example.org",
  );
});
