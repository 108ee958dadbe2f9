import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAppError, sha256Hex, type AppError } from "@repo2singularity/base";
import type { Transport } from "@repo2singularity/base/http";
import { openRegistryTransport } from "../http/errors.ts";
import type { RemoteAccess } from "../remote/remote-access.ts";
import { resolveWebImage } from "../remote/web/web-image.ts";
import type { DownloadOptions } from "./download.ts";
import { downloadImage, type DownloadedImage } from "./download-image.ts";
import { startFileServer, uniqueBytes, type FileServer } from "./file-server.fixture.ts";

const content = uniqueBytes(300_000);
const digest = `sha256:${sha256Hex(content)}`;
const retryPolicy = { attemptCount: 3, firstPauseMs: 1, totalMs: 5_000 };
let folder: string;
let output: string;
let transport: Transport;
let server: FileServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "download-"));
  output = join(folder, "out.sif");
  transport = await openRegistryTransport({ connectTimeoutMs: 2_000, idleTimeoutMs: 300 });
  server = await startFileServer(content);
  server.headers["repr-digest"] = `sha-256=:${Buffer.from(sha256Hex(content), "hex").toString("base64")}:`;
});
afterEach(async () => {
  await transport[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function download(options: DownloadOptions = {}): Promise<DownloadedImage> {
  const access: RemoteAccess = { transport, retryPolicy };
  const remote = await resolveWebImage(server.url, access);
  return downloadImage(remote, output, { partBytes: 64 * 1024, retryPolicy, ...options });
}

async function errorOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

const ranges = (): string[] => server.requests.filter((line) => line.includes("bytes=")).map((line) => line.slice(11));

test("a file comes in ranges side by side and is what was promised", async () => {
  const seen: number[] = [];

  const result = await download({ onProgress: (doneBytes) => seen.push(doneBytes) });

  expect(result).toEqual({ digest, sizeBytes: content.length, isVerified: true });
  expect((await readFile(output)).equals(content)).toBe(true);
  expect(ranges().toSorted()).toEqual(
    ["0-65535", "131072-196607", "196608-262143", "262144-299999", "65536-131071"].map((one) => `bytes=${one}`),
  );
  expect(Math.max(...seen)).toBe(content.length);
  expect(await readdir(folder)).toEqual(["out.sif"]);
});

test("a server without ranges, or without a length, is read in one stream", async () => {
  server.knowsRanges = false;
  const first = await download();
  server.fault = (request, response) => {
    if (request.method === "HEAD") response.writeHead(405).end();
    else response.writeHead(200, { "transfer-encoding": "chunked" }).end(content);
    return true;
  };
  await rm(output);

  const second = await download();

  expect(first.digest).toBe(digest);
  expect(second).toEqual({ digest, sizeBytes: content.length, isVerified: false });
});

test("what an interrupted fetch left is taken up, and only the rest is asked for", async () => {
  const stop = new AbortController();
  const first = download({
    connectionCount: 1,
    signal: stop.signal,
    onProgress: (doneBytes) => {
      if (doneBytes >= 131_072) stop.abort();
    },
  });
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  const left = await readdir(folder);
  server.requests.length = 0;

  const second = await download({ connectionCount: 1 });

  expect(left).toHaveLength(1);
  expect(left[0]).toMatch(/^\.out\.sif\.[0-9a-f]{16}\.partial$/);
  expect(second.digest).toBe(digest);
  expect(ranges()).not.toContain("bytes=0-65535");
  expect(await readdir(folder)).toEqual(["out.sif"]);
});

test("what a killed fetch left is taken up when nobody has written to it for a while, and not before", async () => {
  const stop = new AbortController();
  const onProgress = (doneBytes: number): void => void (doneBytes >= 131_072 && stop.abort());
  await expect(download({ connectionCount: 1, signal: stop.signal, onProgress })).rejects.toBeDefined();
  const [left = ""] = await readdir(folder);
  await rename(join(folder, left), join(folder, `${left}-0123456789ab`)); // as it is named while it is written
  server.requests.length = 0;
  await download({ now: Date.now });
  const early = ranges();
  server.requests.length = 0;

  await download({ now: () => Date.now() + 600_000 });

  expect(early).toContain("bytes=0-65535");
  expect(ranges()).not.toContain("bytes=0-65535");
});

test("ranges that break off are asked for from where they broke", async () => {
  let isFirst = true;
  server.fault = (request, response) => {
    if (!isFirst || request.headers.range !== "bytes=0-65535") return false;
    isFirst = false;
    response.writeHead(206, { "content-range": `bytes 0-65535/${content.length}`, "content-length": 65_536 });
    response.write(content.subarray(0, 1000), () => setTimeout(() => request.socket.destroy(), 30));
    return true;
  };

  expect((await download()).digest).toBe(digest);
  expect(ranges()).toContain("bytes=1000-65535");
});

test("429 and 503 are waited for, and a server that stays busy is told", async () => {
  const answers = [429, 503];
  server.fault = (request, response) => {
    const status = request.method === "GET" ? answers.shift() : undefined;
    if (status === undefined) return false;
    response.writeHead(status, { "retry-after": "0" }).end();
    return true;
  };
  expect((await download()).digest).toBe(digest);
  server.fault = (_, response) => {
    response.writeHead(503).end('{"error":{"code":503,"message":"under repair"}}');
    return true;
  };

  await rm(output);
  const error = await errorOf(download());

  expect(error).toMatchObject({ code: "E_REGISTRY_NETWORK", retryable: true });
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ["other bytes", () => (server.content = Buffer.from(content).fill(1, 1000, 1001))],
  ["fewer bytes", () => (server.content = content.subarray(0, 200_000))],
])("%s than were promised leave nothing behind", async (_, spoil) => {
  spoil();

  expect((await errorOf(download())).code).toBe("E_OCI_DIGEST_MISMATCH");
  expect(await readdir(folder)).toEqual([]);
});

test("a server that sends more than it announced is stopped", async () => {
  server.fault = (request, response) => {
    if (request.headers.range === undefined) return false;
    response.writeHead(206, { "content-range": `bytes 0-65535/${content.length}` });
    response.end(content);
    return true;
  };

  expect((await errorOf(download({ connectionCount: 1 }))).code).toBe("E_OCI_DIGEST_MISMATCH");
  expect(await readdir(folder)).toEqual([]);
});

test("a server that says nothing for too long is a broken connection", async () => {
  server.fault = (request) => request.method === "GET";

  const error = await errorOf(download({ retryPolicy: { ...retryPolicy, attemptCount: 1 } }));

  expect(error).toMatchObject({ code: "E_REGISTRY_NETWORK", retryable: true });
});

test("redirects in a circle end with an error, and a file that changes meanwhile is noticed", async () => {
  server.fault = (_, response) => {
    response.writeHead(302, { location: server.url }).end();
    return true;
  };
  expect((await errorOf(download())).code).toBe("E_REGISTRY_PROTOCOL");

  server.fault = (request, response) => {
    if (request.headers.range?.startsWith("bytes=65536") !== true) return false;
    response.writeHead(200, { etag: '"two"', "content-length": content.length }).end(content);
    return true;
  };
  expect((await errorOf(download())).message).toContain("changed");
});

test("the digest is taken from a file beside the image when no header has it", async () => {
  delete server.headers["repr-digest"];
  server.fault = (request, response) => {
    if (request.url !== "/x.sif.sha256") return false;
    response.end(`${"0".repeat(64)}  y.sif\n${sha256Hex(content)}  x.sif\n`);
    return true;
  };

  expect((await download()).isVerified).toBe(true);
});
