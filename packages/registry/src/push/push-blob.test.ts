import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAppError, sha256Hex, type AppError } from "@repo2singularity/base";
import type { Transport } from "@repo2singularity/base/http";
import { anonymous } from "../auth/credentials.ts";
import { createRepositoryHttp } from "../client/repository-http.ts";
import { uniqueBytes } from "../download/file-server.fixture.ts";
import { openRegistryTransport } from "../http/errors.ts";
import { pushBlob, type PushBlobOptions, type PushedBlob } from "./push-blob.ts";
import { pushManifest } from "./push-manifest.ts";
import { bytesUpload } from "./upload-source.ts";

/** A registry of uploads, as the distribution specification has them; what it got is kept when a request breaks. */
let server: Server;
let host: string;
let transport: Transport;
let requests: string[];
let received: Buffer;
let stored: Buffer | undefined;
let fault: (request: IncomingMessage, response: ServerResponse) => boolean;

const content = uniqueBytes(200_000);
const digest = `sha256:${sha256Hex(content)}`;

beforeEach(async () => {
  requests = [];
  received = Buffer.alloc(0);
  stored = undefined;
  fault = () => false;
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers["content-range"] ?? ""}`.trim());
    if (!fault(request, response)) answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server has one
  transport = await openRegistryTransport({ connectTimeoutMs: 2_000, idleTimeoutMs: 2_000 });
});
afterEach(async () => {
  await transport[Symbol.asyncDispose]();
  server.close();
  server.closeAllConnections();
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = "" } = request;
  const end = (status: number, headers: Record<string, string> = {}): void => {
    request.resume();
    response.writeHead(status, { location: "/v2/a/b/blobs/uploads/1?state=x", ...headers }).end();
  };
  if (method === "HEAD") return end(stored === undefined ? 404 : 200);
  if (method === "POST") {
    if (!url.includes("mount=")) received = Buffer.alloc(0);
    return end(url.includes("from=has-it") ? 201 : 202);
  }
  if (method === "GET") return end(204, { range: `0-${Math.max(0, received.length - 1)}` });
  if (method === "PATCH") {
    const chunks = [received];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received = Buffer.concat(chunks);
      end(202);
    });
    return;
  }
  const isRight = url.includes(`digest=${encodeURIComponent(`sha256:${sha256Hex(received)}`)}`);
  if (isRight) stored = received;
  end(isRight ? 201 : 400);
}

function push(options: PushBlobOptions = {}, bytes: Buffer = content): Promise<PushedBlob> {
  const credentials = anonymous;
  const http = createRepositoryHttp({ transport, host, baseUrl: `http://${host}`, repository: "a/b", credentials });
  const retryPolicy = { attemptCount: 4, firstPauseMs: 1, totalMs: 5_000 };
  return pushBlob(http, bytesUpload(bytes), { retryPolicy, ...options });
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

const patches = (): string[] =>
  requests.filter((line) => line.startsWith("PATCH")).map((line) => line.split(" ")[2] ?? "");

test("a blob goes in one request, and a second time not at all", async () => {
  const first = await push();
  const second = await push();

  expect([first, second]).toEqual(["sent", "present"]);
  expect(stored?.equals(content)).toBe(true);
  expect(patches()).toEqual([""]);
});

test("a blob goes in chunks when that is wanted", async () => {
  await push({ chunkBytes: 80_000 });

  expect(patches()).toEqual(["0-79999", "80000-159999", "160000-199999"]);
  expect(stored?.equals(content)).toBe(true);
});

test("a blob that another repository has is mounted", async () => {
  const mounted = await push({ mountFrom: "has-it" });
  const sent = await push({ mountFrom: "other" });

  expect([mounted, sent]).toEqual(["mounted", "sent"]);
  expect(patches()).toEqual([""]);
});

test("an upload that breaks goes on where the registry says that it stands", async () => {
  let isFirst = true;
  fault = (request) => {
    if (request.method !== "PATCH" || !isFirst) return false;
    isFirst = false;
    request.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]).subarray(0, 70_000);
      if (received.length === 70_000) request.socket.destroy();
    });
    return true;
  };

  expect(await push()).toBe("sent");
  expect(patches()).toEqual(["", "70000-199999"]);
  expect(stored?.equals(content)).toBe(true);
});

test("an upload that the registry has forgotten begins anew", async () => {
  let count = 0;
  fault = (request, response) => {
    const isBroken = request.method === "PATCH" && count === 0;
    const isForgotten = request.method === "GET";
    if (!isBroken && !isForgotten) return false;
    count += 1;
    request.resume();
    response.writeHead(isBroken ? 503 : 404).end();
    return true;
  };

  expect(await push()).toBe("sent");
  expect(requests.filter((line) => line.startsWith("POST"))).toHaveLength(2);
  expect(stored?.equals(content)).toBe(true);
});

test("an answer that got lost after everything was stored is no error", async () => {
  let isFirst = true;
  fault = (request, response) => {
    if (isFirst && request.method === "PUT") {
      isFirst = false;
      stored = received;
      request.socket.destroy();
      return true;
    }
    const isGone = !isFirst && (request.method === "GET" || request.method === "PUT");
    if (isGone) response.writeHead(404).end();
    return isGone;
  };

  expect(await push()).toBe("sent");
});

test("a proxy that refuses large requests gets small ones", async () => {
  const large = Buffer.alloc(9 * 2 ** 20, "large");
  fault = (request, response) => {
    if (request.method !== "PATCH" || Number(request.headers["content-length"]) <= 4 * 2 ** 20) return false;
    request.resume();
    request.on("end", () => response.writeHead(413).end());
    return true;
  };

  expect(await push({}, large)).toBe("sent");
  expect(patches()).toEqual(["", "0-4194303", "4194304-8388607", "8388608-9437183"]);
  expect(stored?.equals(large)).toBe(true);
});

test("a proxy that cuts large requests without a word gets small ones", async () => {
  const large = Buffer.alloc(5 * 2 ** 20, "large");
  fault = (request) => {
    if (request.method !== "PATCH" || Number(request.headers["content-length"]) <= 4 * 2 ** 20) return false;
    request.once("data", () => request.socket.destroy());
    return true;
  };

  expect(await push({}, large)).toBe("sent");
  expect(patches()).toEqual(["", "0-4194303", "4194304-5242879"]);
});

test("an upload that is refused says so in the registry's words", async () => {
  fault = (request, response) => {
    if (request.method !== "PATCH") return false;
    request.resume();
    response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"the quota is full"}]}');
    return true;
  };

  const error = await errorOf(push());

  expect(error.code).toBe("E_REGISTRY_AUTH");
  expect(error.message).toContain("the quota is full");
});

test("a registry that stores another manifest than was sent is not believed", async () => {
  fault = (request, response) => {
    request.resume();
    response.writeHead(201, { "docker-content-digest": digest }).end();
    return true;
  };
  const http = createRepositoryHttp({
    transport,
    host,
    baseUrl: `http://${host}`,
    repository: "a/b",
    credentials: anonymous,
  });

  const pushed = pushManifest(http, { mediaType: "application/vnd.oci.image.manifest.v1+json" }, { tag: "t" });

  expect((await errorOf(pushed)).code).toBe("E_OCI_DIGEST_MISMATCH");
});
