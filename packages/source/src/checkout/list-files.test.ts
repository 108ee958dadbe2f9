import { chmod, link, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer } from "node:net";
import { once } from "node:events";
import { afterAll, expect, test } from "vitest";
import { git, makeRepository, makeTestFolder, writeFiles } from "../testing/git-fixtures.ts";
import { createCheckout, type Checkout } from "./checkout.ts";
import { listFiles } from "./list-files.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await makeTestFolder();
  folders.push(folder);
  await writeFiles(folder, files);
  return folder;
}

async function paths(folder: string): Promise<string[]> {
  return (await listFiles(folder)).map(({ path }) => path);
}

function checkoutOf(directory: string): Checkout {
  const unknown = {
    provider: "directory",
    revision: undefined,
    url: undefined,
    ref: undefined,
    commit: undefined,
    commitTimeSeconds: undefined,
    subdir: undefined,
  };
  return createCheckout({ ...unknown, directory, name: "name", isDirty: false }, {});
}

test("files are listed in the order of their bytes with what git would record", async () => {
  const folder = await folderWith({ "b/x": "12", "b-1": "", a: "1", é: "", Z: "" });
  await chmod(join(folder, "a"), 0o700);
  await chmod(join(folder, "Z"), 0o600);
  await symlink("b/x", join(folder, "l"));

  expect(await listFiles(folder)).toEqual([
    { path: "Z", type: "file", mode: 0o644, sizeBytes: 0 },
    { path: "a", type: "file", mode: 0o755, sizeBytes: 1 },
    { path: "b", type: "directory", mode: 0o755, sizeBytes: 0 },
    { path: "b-1", type: "file", mode: 0o644, sizeBytes: 0 },
    { path: "b/x", type: "file", mode: 0o644, sizeBytes: 2 },
    { path: "l", type: "symlink", mode: 0o777, sizeBytes: 0, linkTarget: "b/x" },
    { path: "é", type: "file", mode: 0o644, sizeBytes: 0 },
  ]);
});

test("names that are no UTF-8 and further names of a file are listed and hashed", async () => {
  const folder = await folderWith({ first: "content" });
  await writeFile(Buffer.concat([Buffer.from(`${folder}/bad-`), Buffer.of(0xff)]), "x");
  await link(join(folder, "first"), join(folder, "second"));

  expect(await listFiles(folder)).toMatchObject([
    { path: "bad-\udcff", type: "file" },
    { path: "first", sizeBytes: 7 },
    { path: "second", type: "file", sizeBytes: 7 },
  ]);
  expect(await checkoutOf(folder).contentDigest()).toMatch(/^sha256:/);
});

test(".git is left out at any depth, and sockets are left out with a notice", async () => {
  const folder = await folderWith({ "sub/.git": "gitdir: x", "sub/file": "" });
  await git(folder, "init", "--quiet");
  const server = createServer().listen(join(folder, "socket"));
  await once(server, "listening");
  const notices: string[] = [];

  const files = await listFiles(folder, { onNotice: (notice) => notices.push(notice) });

  expect(files.map(({ path }) => path)).toEqual(["sub", "sub/file"]);
  expect(notices).toEqual(["socket is left out: it is a socket"]);
  server.close();
});

test("both ignore files count, and what an exception brings back has its folders", async () => {
  const folder = await folderWith({
    ".dockerignore": "data\n!data/keep/it\n",
    ".containerignore": "*.log\n",
    "data/big": "",
    "data/keep/it": "",
    "data/keep/not": "",
    "x.log": "",
    y: "",
  });

  expect(await paths(folder)).toEqual([".containerignore", ".dockerignore", "data", "data/keep", "data/keep/it", "y"]);
});

test("with a binder folder its ignore file counts and not the one beside it", async () => {
  const folder = await folderWith({ ".dockerignore": "*", "binder/.dockerignore": "data", "data/x": "", y: "" });

  expect(await paths(folder)).toEqual([".dockerignore", "binder", "binder/.dockerignore", "y"]);
});

test("equal content has one digest in any folder, and every kind of change gives another", async () => {
  const files = { a: "1", "d/b": "2" };
  const [one, two] = [await folderWith(files), await makeRepository(await folderWith({}), files)];
  const digest = await checkoutOf(one).contentDigest();
  const changed: string[] = [];
  const note = async (): Promise<void> => void changed.push(await checkoutOf(one).contentDigest());

  expect(await checkoutOf(two).contentDigest()).toBe(digest);
  await writeFile(join(one, "a"), "3");
  await note();
  await chmod(join(one, "a"), 0o755);
  await note();
  await symlink("a", join(one, "l"));
  await note();
  await mkdir(join(one, "empty"));
  await note();

  expect(new Set([digest, ...changed]).size).toBe(5);
});

test("the digest of the folder itself is that of everything in it", async () => {
  const folder = await folderWith({ a: "one", "sub/b": "two" });
  const whole = await checkoutOf(folder).contentDigest();

  expect(await checkoutOf(folder).contentDigest(["."])).toBe(whole);

  await writeFile(join(folder, "sub/b"), "three");

  expect(await checkoutOf(folder).contentDigest(["."])).not.toBe(whole);
});

test("a digest of some paths sees those and what is in them alone", async () => {
  const folder = await folderWith({ "requirements.txt": "a", "lib/x": "1", "lib2/x": "1" });
  const digest = (paths: string[]): Promise<string> => checkoutOf(folder).contentDigest(paths);
  const [before, libBefore, absent] = [
    await digest(["requirements.txt"]),
    await digest(["lib"]),
    await digest(["none"]),
  ];

  await writeFile(join(folder, "lib/x"), "2");
  await writeFile(join(folder, "lib2/x"), "2");

  expect(await digest(["requirements.txt"])).toBe(before);
  expect(await digest(["lib"])).not.toBe(libBefore);
  expect(await digest(["other"])).toBe(absent);
});

test("a folder with more entries than may be is told before all of them are listed", async () => {
  const folder = await folderWith({ "in/1": "", "in/2": "" });

  expect(await listFiles(folder, { maxFiles: 3 })).toHaveLength(3);
  await expect(listFiles(folder, { maxFiles: 2 })).rejects.toMatchObject({
    code: "E_LIMIT_EXCEEDED",
    message: expect.stringContaining("more than 2 files") as string,
  });
});
