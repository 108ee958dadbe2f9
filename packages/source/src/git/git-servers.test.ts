import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { Secret } from "@repo2singularity/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Checkout } from "../checkout/checkout.ts";
import type { SourceContext } from "../provider/port.ts";
import { fetchCheckout, resolveSource } from "../source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { commit, git, makeRepository, makeTestFolder, testContext } from "../testing/git-fixtures.ts";
import { hasGitBackend, serveGitOverHttp } from "../testing/git-http-server.ts";

const execPath = execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim();
const hasDaemon = existsSync(join(execPath, "git-daemon"));

let root = "";
let [first, second] = ["", ""];
let folderNumber = 0;

beforeAll(async () => {
  root = await makeTestFolder();
  const work = await makeRepository(join(root, "work"), { "a.txt": "one" });
  first = await git(work, "rev-parse", "HEAD");
  second = await commit(work, { "a.txt": "two" });
  await git(root, "clone", "--quiet", "--bare", "work", "served/repo.git");
  await git(join(root, "served/repo.git"), "update-server-info");
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function fetch(url: string, ref: string | undefined, context: SourceContext): Promise<Checkout> {
  const source = await resolveSource(parseSpec(url, { cwd: root }), ref === undefined ? {} : { ref }, context);
  return fetchCheckout(source, join(root, `checkout-${folderNumber++}`), context);
}

test.runIf(hasGitBackend)("fetches over http", async () => {
  await using server = await serveGitOverHttp({ root: join(root, "served") });

  const tip = await fetch(`${server.origin}/repo.git`, undefined, testContext(root));
  const older = await fetch(`${server.origin}/repo.git`, first.slice(0, 7), testContext(root));

  expect(tip).toMatchObject({ commit: second, name: "repo", url: `${server.origin}/repo.git` });
  expect(await readFile(join(older.directory, "a.txt"), "utf8")).toBe("one");
});

test.runIf(hasGitBackend)("a server that gives no single commits gets the whole history asked", async () => {
  await cp(join(root, "served/repo.git"), join(root, "strict/repo.git"), { recursive: true });
  const config = (name: string, value: string): Promise<string> =>
    git(join(root, "strict/repo.git"), "config", name, value);
  await config("protocol.version", "0");
  await config("uploadpack.allowReachableSHA1InWant", "false");
  await using server = await serveGitOverHttp({ root: join(root, "strict") });
  const context = testContext(root);
  const settings = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "protocol.version", GIT_CONFIG_VALUE_0: "0" };
  const withVersion0 = { ...context, env: { ...context.env, ...settings } };

  const checkout = await fetch(`${server.origin}/repo.git`, first, withVersion0);

  expect(checkout.commit).toBe(first);
  expect(await readFile(join(checkout.directory, "a.txt"), "utf8")).toBe("one");
});

test("fetches from a server that is only files", async () => {
  const server = createServer((request, response) => {
    const path = join(root, "served", new URL(request.url ?? "/", "http://x").pathname);
    readFile(path).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const checkout = await fetch(`http://127.0.0.1:${port}/repo.git`, first.slice(0, 7), testContext(root));

  expect(checkout.commit).toBe(first);
  server.closeAllConnections();
  server.close();
});

test.runIf(hasGitBackend)("a token opens a private repository and is found nowhere afterwards", async () => {
  await using server = await serveGitOverHttp({ root: join(root, "served"), basicAuth: "oauth2:t0ken-value" });
  const url = `${server.origin}/repo.git`;
  const lines: string[] = [];
  const shown: string[] = [];
  const context = testContext(root);
  const watched: SourceContext = {
    ...context,
    credentials: { secret: new Secret("t0ken-value") },
    onLine: (line) => lines.push(line),
    runProcess: (command, args, options) => {
      shown.push(args.join(" "));
      return context.runProcess(command, args, options);
    },
  };

  const checkout = await fetch(url, undefined, watched);

  expect(checkout.commit).toBe(second);
  for (const name of ["config", "FETCH_HEAD"]) {
    expect(await readFile(join(checkout.directory, ".git", name), "utf8")).not.toMatch(/t0ken|b2F1dGg/);
  }
  expect(inspect([lines, shown, checkout, context.notices], { depth: 9 })).not.toMatch(/t0ken|b2F1dGg/);
});

test.runIf(hasGitBackend)("credentials in the URL are used and not shown", async () => {
  await using server = await serveGitOverHttp({ root: join(root, "served"), basicAuth: "me:s3cret/x" });
  const url = `${server.origin.replace("//", "//me:s3cret%2Fx@")}/repo.git`;

  const checkout = await fetch(url, undefined, testContext(root));

  expect(checkout.url).toBe(`${server.origin}/repo.git`);
  expect(inspect(parseSpec(url, { cwd: root }), { depth: 9 })).not.toContain("s3cret");
});

test.runIf(hasGitBackend)("missing and wrong credentials are one readable error without them", async () => {
  await using server = await serveGitOverHttp({ root: join(root, "served"), basicAuth: "me:right" });
  const url = `${server.origin}/repo.git`;

  await expect(fetch(url, undefined, testContext(root))).rejects.toMatchObject({ code: "E_SOURCE_AUTH" });
  const wrong = { ...testContext(root), credentials: { username: "me", secret: new Secret("wr0ng") } };
  const failure = await fetch(url, undefined, wrong).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: "E_SOURCE_AUTH" });
  expect(inspect(failure, { depth: 9 })).not.toMatch(/wr0ng|bWU6d3Iwbmc/);
});

test.runIf(hasGitBackend)("the user's own credential helper is asked", async () => {
  await using server = await serveGitOverHttp({ root: join(root, "served"), basicAuth: "helper:known" });
  const context = testContext(root);
  const helper = "!f() { echo username=helper; echo password=known; }; f";
  const settings = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "credential.helper", GIT_CONFIG_VALUE_0: helper };

  const checkout = await fetch(`${server.origin}/repo.git`, undefined, {
    ...context,
    env: { ...context.env, ...settings },
  });

  expect(checkout.commit).toBe(second);
});

test.runIf(hasGitBackend)("a token is not sent to the server of a submodule", async () => {
  await using other = await serveGitOverHttp({ root: join(root, "served") });
  const work = await makeRepository(join(root, "parent"), { "b.txt": "b" });
  await git(work, "submodule", "--quiet", "add", `${other.origin}/repo.git`, "sub");
  await commit(work, {});
  await mkdir(join(root, "private"));
  await git(root, "clone", "--quiet", "--bare", "parent", "private/parent.git");
  await using server = await serveGitOverHttp({ root: join(root, "private"), basicAuth: "oauth2:only-here" });
  const before = other.authorizations.length;

  const context = { ...testContext(root), credentials: { secret: new Secret("only-here") } };
  const checkout = await fetch(`${server.origin}/parent.git`, undefined, context);

  expect(await readdir(join(checkout.directory, "sub"))).toContain("a.txt");
  expect(other.authorizations.slice(before).filter((header) => header !== undefined)).toEqual([]);
  expect(other.authorizations.length).toBeGreaterThan(before);
});

test.runIf(hasGitBackend)("a submodule on the local disk of a repository from the network is refused", async () => {
  const work = await makeRepository(join(root, "thief"), { "b.txt": "b" });
  await git(work, "submodule", "--quiet", "add", `file://${root}/work`, "stolen");
  await commit(work, {});
  await mkdir(join(root, "thieves"));
  await git(root, "clone", "--quiet", "--bare", "thief", "thieves/thief.git");
  await using server = await serveGitOverHttp({ root: join(root, "thieves") });

  await expect(fetch(`${server.origin}/thief.git`, undefined, testContext(root))).rejects.toMatchObject({
    code: "E_SOURCE_FETCH",
    message: expect.stringContaining("submodules"),
  });
});

test.runIf(hasDaemon)("fetches from a git daemon", async () => {
  const port = await freePort();
  const args = ["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", `--port=${port}`, "--verbose"];
  const daemon = spawn("git", [...args, `--base-path=${join(root, "served")}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    await once(daemon.stderr, "data"); // it says when it is ready

    const checkout = await fetch(`git://127.0.0.1:${port}/repo.git`, first, testContext(root));

    expect(checkout.commit).toBe(first);
  } finally {
    daemon.kill();
    await once(daemon, "exit");
  }
});

test("a server that says nothing is left when the time is up or the user wants it", async () => {
  const silent = createTcpServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/repo.git`;
  const stop = new AbortController();
  silent.on("connection", (socket) => {
    socket.on("error", () => {});
    setImmediate(() => stop.abort());
  });

  await expect(fetch(url, undefined, { ...testContext(root), signal: stop.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
  await expect(fetch(url, undefined, { ...testContext(root), timeoutMs: 400 })).rejects.toMatchObject({
    code: "E_SOURCE_NETWORK",
    message: expect.stringContaining("time limit"),
  });

  silent.close();
});

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
