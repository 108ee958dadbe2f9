import { execFile } from "node:child_process";
import { chmod, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { startApiServer, type ApiServer } from "../testing/api-server.ts";
import { describeSourceProvider } from "../testing/describe-source-provider.ts";
import { createFastClock } from "../testing/fast-clock.ts";
import { git, makeRepository, makeTestFolder, testContext, writeFiles } from "../testing/git-fixtures.ts";
import { gitTreeHash } from "./git-tree-hash.ts";

const run = promisify(execFile);
const rev = "69c0db5050f623e8895b72dfe970392b1f9a0e2e";
const rel = "208f61cc7a5dbc9879ae6e5c2f95891e270f09ef";
let root = "";
let directory = "";
let bundle: Buffer;

/** A vault bundle as the archive packs it: one folder named after the directory, compressed with gzip. */
beforeAll(async () => {
  root = await makeTestFolder();
  const repository = await makeRepository(join(root, "repo"), {
    "a.txt": "a",
    "sub/run.sh": "#!/bin/sh\n",
    "sub-x": "1",
  });
  await chmod(join(repository, "sub/run.sh"), 0o755);
  await symlink("sub/run.sh", join(repository, "link"));
  await git(repository, "add", "--all");
  directory = await git(repository, "write-tree");
  const name = `swh:1:dir:${directory}`;
  await git(repository, "commit", "--quiet", "--message", "all");
  const archive = ["archive", "--format=tar.gz", `--prefix=${name}/`, "-o", "../bundle.tar.gz", "HEAD"];
  await run("git", archive, { cwd: repository });
  bundle = await readFile(join(root, "bundle.tar.gz"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Answers as https://archive.softwareheritage.org/api/1/ does; cooking is done at the third question. */
async function softwareHeritage(statuses: readonly string[] = ["new", "pending"]): Promise<ApiServer> {
  const server = await startApiServer();
  const vault = `/api/1/vault/flat/swh:1:dir:${directory}/`;
  let asked = 0;
  server.routes.set(vault, () => ({
    body: {
      fetch_url: `https://archive.softwareheritage.org${vault}raw/`,
      id: 415_999_462,
      progress_message: "Processing...",
      status: statuses[asked++] ?? "done",
      swhid: `swh:1:dir:${directory}`,
    },
  }));
  server.routes.set(`${vault}raw/`, { body: bundle, headers: { "content-type": "application/gzip" } });
  server.routes.set(`/api/1/revision/${rev}/`, {
    body: { id: rev, directory, committer_date: "2017-01-01T00:00:00+01:00", message: "x", parents: [] },
  });
  server.routes.set(`/api/1/release/${rel}/`, { body: { id: rel, name: "v1", target: rev, target_type: "revision" } });
  return server;
}

describeSourceProvider("Software Heritage", async () => {
  const server = await softwareHeritage();
  return {
    server,
    mirrors: { softwareHeritage: server.origin },
    specs: [
      `swh:1:rev:${rev}`,
      `swh:1:rev:${rev};origin=https://github.com/a/b;path=/x`,
      `https://archive.softwareheritage.org/swh:1:rev:${rev}/`,
    ],
    missing: `swh:1:rev:${"0".repeat(40)}`,
    expected: {
      provider: "software-heritage",
      name: "swh-rev-69c0db5050f6",
      revision: `swh:1:dir:${directory}`,
      url: `https://archive.softwareheritage.org/swh:1:rev:${rev}`,
      commitTimeSeconds: 1_483_225_200,
    },
    files: { "a.txt": "a", "sub/run.sh": "#!/bin/sh\n", "sub-x": "1" },
    download: `/api/1/vault/flat/swh:1:dir:${directory}/raw/`,
    isVerified: true,
  };
});

async function fetchSwhid(server: ApiServer, swhid: string, clock = createFastClock()) {
  const context = { ...testContext("/"), mirrors: { softwareHeritage: server.origin }, clock };
  const source = await resolveSource(parseSpec(swhid, { cwd: "/" }), {}, context);
  const checkout = await fetchCheckout(source, join(root, `checkout-${Math.random()}`), context);
  return { checkout, notices: context.notices };
}

test("directories and releases lead to the same content as the revision", async () => {
  await using server = await softwareHeritage();
  const { checkout: ofDirectory } = await fetchSwhid(server, `swh:1:dir:${directory}`);
  const { checkout: ofRelease } = await fetchSwhid(server, `swh:1:rel:${rel}`);

  expect(await ofDirectory.contentDigest()).toBe(await ofRelease.contentDigest());
  expect(ofDirectory).toMatchObject({ revision: ofRelease.revision, commitTimeSeconds: undefined });
});

test("cooking is asked for once and then waited for", async () => {
  await using server = await softwareHeritage(["new", "pending", "pending"]);
  const clock = createFastClock();
  await fetchSwhid(server, `swh:1:dir:${directory}`, clock);

  expect(server.requests.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "GET", "GET"]);
  expect(clock.sleeps).toEqual([5000, 5000, 5000]);
});

test("a directory that cannot be packed is told with the vault's words", async () => {
  await using server = await softwareHeritage(["new", "failed"]);

  await expect(fetchSwhid(server, `swh:1:dir:${directory}`)).rejects.toMatchObject({
    code: "E_SOURCE_FETCH",
    message: expect.stringContaining("Processing..."),
  });
});

test("content that is not the whole directory is told", async () => {
  await using server = await softwareHeritage();
  await writeFiles(join(root, "other/x"), { "a.txt": "replaced" });
  await run("tar", ["-czf", "../other.tar.gz", "x"], { cwd: join(root, "other") });
  const body = await readFile(join(root, "other.tar.gz"));
  server.routes.set(`/api/1/vault/flat/swh:1:dir:${directory}/raw/`, { body });

  const { notices } = await fetchSwhid(server, `swh:1:dir:${directory}`);
  expect(notices).toEqual([expect.stringContaining("not the whole directory")]);
});

test("the identifier of a folder is the one git gives it", async () => {
  const folder = await makeRepository(join(root, "hash"), { "a-b": "1", "a/b": "2", "a.b": "3", é: "4" });
  const expected = await git(folder, "rev-parse", "HEAD^{tree}");
  await rm(join(folder, ".git"), { recursive: true });

  expect(await gitTreeHash(folder)).toBe(expected);
});
