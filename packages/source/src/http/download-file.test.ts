import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cutAfter, startApiServer, type ApiServer } from "../testing/api-server.ts";
import { createFastClock, type FastClock } from "../testing/fast-clock.ts";
import { makeTestFolder } from "../testing/git-fixtures.ts";
import { ByteBudget } from "./byte-budget.ts";
import { downloadFile, type DownloadProgress, type DownloadTools, type RemoteFile } from "./download-file.ts";
import { openSourceClient, type SourceClient } from "./source-client.ts";

const content = randomBytes(9 * 2 ** 20);
const etagOf = (bytes: Uint8Array): string => `"${createHash("sha1").update(bytes).digest("hex")}"`;
const hash = (algorithm: "md5" | "sha256", bytes: Uint8Array = content): string =>
  createHash(algorithm).update(bytes).digest("hex");

let folder = "";
let server: ApiServer;
let clock: FastClock;
let client: SourceClient;
let progress: DownloadProgress[];
beforeEach(async () => {
  folder = await makeTestFolder();
  server = await startApiServer([["/file", { body: content }]]);
  clock = createFastClock();
  client = await openSourceClient({ clock });
  progress = [];
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const download = async (file: Partial<RemoteFile> = {}, tools: Partial<DownloadTools> = {}) => {
  const known = { url: `${server.origin}/file`, shown: "file", ...file };
  const onProgress = (report: DownloadProgress): number => progress.push(report);
  return downloadFile(known, join(folder, "f"), { client, budget: new ByteBudget(2 ** 30), onProgress, ...tools });
};
/** Answers by turns: each fault serves one request, then the table does. */
const faults = (...list: ApiServer["fault"][]): void => {
  server.fault = (request, response) => list.shift()?.(request, response) ?? false;
};

test("writes the bytes, gives their sha256, and tells how far it is", async () => {
  const done = await download({ sizeBytes: content.length, checksum: { algorithm: "md5", hex: hash("md5") } });

  expect(done).toEqual({ sizeBytes: content.length, sha256Hex: hash("sha256") });
  expect(content.equals(await readFile(join(folder, "f")))).toBe(true);
  expect(progress.at(-1)).toEqual({ file: "file", doneBytes: content.length, totalBytes: content.length });
  expect(progress.length).toBeGreaterThan(2);
});

test("takes up a broken connection where it broke, when the server vouches for the file", async () => {
  const cut: ApiServer["fault"] = (_, response) => (cutAfter(response, content, 2 ** 20, etagOf(content)), true);
  faults(cut, cut);

  expect(await download()).toMatchObject({ sha256Hex: hash("sha256") });
  const ranges = server.requests.map(({ headers }) => [headers.range, headers["if-range"]]);
  expect(ranges[0]).toEqual([undefined, undefined]);
  expect(ranges[1]?.[1]).toBe(etagOf(content));
  expect(ranges[1]?.[0]).toMatch(/^bytes=\d+-$/);
});

test("breaks that each bring something forward do not use up the tries", async () => {
  let from = 0;
  server.fault = (request, response) => {
    const start = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? "0");
    from = start;
    if (start >= 7 * 2 ** 20) return false;
    response.writeHead(start === 0 ? 200 : 206, {
      etag: etagOf(content),
      "content-length": String(content.length - start),
      "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
    });
    response.write(content.subarray(start, start + 2 ** 20), () => setImmediate(() => response.destroy()));
    return true;
  };

  expect(await download()).toMatchObject({ sha256Hex: hash("sha256") });
  expect(from).toBeGreaterThan(0);
  expect(server.requests.length).toBeGreaterThan(4);
});

test("begins anew when the file on the server has changed", async () => {
  const older = randomBytes(3 * 2 ** 20);
  faults((_, response) => (cutAfter(response, older, 2 ** 20, etagOf(older)), true));

  expect(await download()).toEqual({ sizeBytes: content.length, sha256Hex: hash("sha256") });
});

test("begins anew when nothing vouches for the file", async () => {
  faults((_, response) => (cutAfter(response, content, 2 ** 20), true));

  expect(await download()).toMatchObject({ sha256Hex: hash("sha256") });
  expect(server.requests[1]?.headers.range).toBeUndefined();
});

test("waits as long as the server asks and tries again", async () => {
  faults(
    (_, response) => (response.writeHead(429, { "retry-after": "7" }).end(), true),
    (_, response) => (response.writeHead(503).end(), true),
  );

  await download();
  expect(clock.sleeps[0]).toBe(7000);
  expect(clock.sleeps).toHaveLength(2);
});

test("gives up after the tries with what the server said", async () => {
  server.fault = (_, response) => (response.writeHead(503).end('{"message":"down for maintenance"}'), true);

  await expect(download()).rejects.toMatchObject({
    code: "E_SOURCE_NETWORK",
    message: expect.stringContaining("down for maintenance"),
  });
  expect(server.requests).toHaveLength(4);
  expect(existsSync(join(folder, "f"))).toBe(false);
});

test.each([
  [{ checksum: { algorithm: "md5", hex: "0".repeat(32) } }, "E_SOURCE_CHECKSUM", "md5 000"],
  [{ checksum: { algorithm: "sha256", hex: hash("sha256", Buffer.from("x")) } }, "E_SOURCE_CHECKSUM", "sha256"],
  [{ sizeBytes: content.length - 1 }, "E_SOURCE_CHECKSUM", "at least"],
  [{ sizeBytes: content.length + 1 }, "E_SOURCE_CHECKSUM", "bytes"],
] as const)("drops a file that is not what was announced: %j", async (file, code, part) => {
  await expect(download(file)).rejects.toMatchObject({ code, message: expect.stringContaining(part) });
  expect(existsSync(join(folder, "f"))).toBe(false);
});

test.each([
  [404, "E_SOURCE_NOT_FOUND"],
  [410, "E_SOURCE_NOT_FOUND"],
  [403, "E_SOURCE_AUTH"],
  [418, "E_SOURCE_FETCH"],
])("status %i is %s, at once", async (status, code) => {
  server.fault = (_, response) => (response.writeHead(status).end("<html>"), true);

  await expect(download()).rejects.toMatchObject({ code });
  expect(server.requests).toHaveLength(1);
});

test("stops at the limit while it downloads, whatever was announced", async () => {
  const budget = new ByteBudget(2 ** 20);

  await expect(download({}, { budget })).rejects.toMatchObject({
    code: "E_LIMIT_EXCEEDED",
    hint: expect.stringContaining("sourceMaxSize"),
  });
  expect(existsSync(join(folder, "f"))).toBe(false);
});

test("an abort ends it untouched and leaves nothing", async () => {
  const controller = new AbortController();
  await using aborting = await openSourceClient({ clock, signal: controller.signal });
  server.fault = (_, response) => {
    response.writeHead(200, { "content-length": "100" }).write("a");
    setImmediate(() => controller.abort());
    return true;
  };

  await expect(download({}, { client: aborting })).rejects.toMatchObject({ name: "AbortError" });
  expect(existsSync(join(folder, "f"))).toBe(false);
});

test("a host that is not there is told at once, with what to check", async () => {
  await expect(download({ url: "http://127.0.0.1:1/file" })).rejects.toMatchObject({
    code: "E_SOURCE_NETWORK",
    retryable: false,
    hint: expect.stringContaining("proxy"),
  });
  expect(clock.sleeps).toEqual([]);
});
