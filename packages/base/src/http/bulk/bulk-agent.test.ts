import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BulkAgent, type BulkAnswer, type BulkQuestion } from "./bulk-agent.ts";

const content = randomBytes(5_000_000);
let agent: BulkAgent;
let toClose: TcpServer[];
beforeEach(() => {
  agent = new BulkAgent({ connectTimeoutMs: 2_000 });
  toClose = [];
});
afterEach(async () => {
  agent.close();
  for (const server of toClose) {
    if ("closeAllConnections" in server) (server as Server).closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: TcpServer, scheme = "http"): Promise<URL> {
  toClose.push(server);
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return new URL(`${scheme}://localhost:${(server.address() as AddressInfo).port}/x?y=z`); // a TCP server has one
}

/** A server with a count of its connections. */
async function serve(listener: RequestListener): Promise<{ readonly url: URL; readonly count: () => number }> {
  let connections = 0;
  const server = createServer(listener).on("connection", () => (connections += 1));
  return { url: await listen(server), count: () => connections };
}

const ask = (url: URL, question: Partial<BulkQuestion> = {}): Promise<BulkAnswer> =>
  agent.ask(url, { method: "GET", headers: {}, idleTimeoutMs: 2_000, ...question });

async function digestOf(chunks: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk as Uint8Array); // bodies give bytes
  return hash.digest("hex");
}

const expected = createHash("sha256").update(content).digest("hex");

describe("an answer", () => {
  test("comes whole, and the next one over the same connection", async () => {
    const seen: unknown[] = [];
    const { url, count } = await serve((request, response) => {
      seen.push([request.url, request.headers["x-word"], request.headers.host]);
      response.setHeader("content-length", content.length).end(content);
    });

    for (let round = 0; round < 3; round += 1) {
      const answer = await ask(url, { headers: { "x-word": "a" } });
      expect(answer.statusCode).toBe(200);
      expect(await digestOf(answer.body)).toBe(expected);
    }

    expect(count()).toBe(1);
    expect(seen[0]).toEqual(["/x?y=z", "a", url.host]);
  });

  test.each([
    ["chunked", (listener: RequestListener) => listener],
    [
      "ended by the end of the connection",
      (listener: RequestListener): RequestListener =>
        (request, response) => {
          response.useChunkedEncodingByDefault = false;
          response.shouldKeepAlive = false;
          listener(request, response);
        },
    ],
  ])("that is %s comes whole too", async (_, around) => {
    const { url } = await serve(
      around((_request, response) => {
        response.writeHead(200);
        for (let at = 0; at < content.length; at += 77_777) response.write(content.subarray(at, at + 77_777));
        response.end();
      }),
    );

    expect(await digestOf((await ask(url)).body)).toBe(expected);
  });

  test("read as a stream gives chunks that stay as they are", async () => {
    const { url } = await serve((_, response) => void response.end(content));
    const { body } = await ask(url);

    const chunks: Uint8Array[] = [];
    await once(
      body.on("data", (chunk: Uint8Array) => chunks.push(chunk)),
      "end",
    );

    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  test("is read as fast as its reader takes it", async () => {
    let sentBytes = 0;
    const { url } = await serve((_, response) => {
      response.setHeader("content-length", 64 * content.length);
      const send = (): void => {
        for (let isRoom = true; isRoom && sentBytes < 64 * content.length; sentBytes += content.length) {
          isRoom = response.write(content);
        }
      };
      response.on("drain", send);
      send();
    });

    const chunks = (await ask(url)).body[Symbol.asyncIterator]();
    const first: Uint8Array = (await chunks.next()).value ?? new Uint8Array();
    const before = Buffer.from(first);
    await pause(100);

    expect(sentBytes).toBeLessThan(32 * content.length);
    expect(before.equals(first)).toBe(true);
  });

  test("that breaks off is an error, and so is one that is too long, or no HTTP", async () => {
    let isLonger = false;
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () =>
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n${isLonger ? "12345" : "123"}`),
      );
    });
    const url = await listen(server);
    await expect(digestOf((await ask(url)).body)).rejects.toThrow("1 bytes before the end");
    isLonger = true;
    await expect(ask(url).then(({ body }) => digestOf(body))).rejects.toThrow("more than the 4 bytes");

    const other = createTcpServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end("220 mail.example.org ESMTP\r\n\r\n"),
    );
    await expect(ask(await listen(other))).rejects.toThrow();
  });

  test("that does not come is waited for as long as was said", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("12345");
    });

    const { body } = await ask(url, { idleTimeoutMs: 100 });

    await expect(digestOf(body)).rejects.toThrow("nothing came for 100 ms");
  });

  test("is given up at once when it is aborted, before it comes and within it", async () => {
    const { url } = await serve((request, response) => {
      if (request.headers["x-now"] === undefined) return;
      response.writeHead(200, { "content-length": 10 });
      response.write("12345");
    });
    await expect(ask(url, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ name: "TimeoutError" });

    const { body } = await ask(url, { headers: { "x-now": "1" }, signal: AbortSignal.timeout(200) });

    await expect(digestOf(body)).rejects.toMatchObject({ name: "TimeoutError" });
  });
});

describe("a connection", () => {
  test("that was closed while it was idle is made anew", async () => {
    const { url, count } = await serve((_, response) => void response.end(content));
    await digestOf((await ask(url)).body);
    (toClose[0] as Server).closeAllConnections(); // an http server

    expect(await digestOf((await ask(url)).body)).toBe(expected);
    expect(count()).toBe(2);
  });

  test("that nobody takes is refused with the system's code", async () => {
    const { url } = await serve(() => {});
    await new Promise((resolve) => toClose.pop()?.close(resolve));

    const error: unknown = await ask(url).catch((reason: unknown) => reason);

    expect(JSON.stringify(error instanceof AggregateError ? error.errors : error)).toContain("ECONNREFUSED");
  });

  test("of TLS reads in the same way, and trusts whom it was told to", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "bulk-"));
    const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
    const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
    const names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert];
    execFileSync("openssl", [...words.split(" "), ...names], { stdio: "ignore" });
    const authority = readFileSync(cert, "utf8");
    const server = createTlsServer({ key: readFileSync(key), cert: authority }, (_, response) => response.end(content));
    rmSync(folder, { recursive: true });
    const url = await listen(server, "https");
    await expect(ask(url)).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });

    agent = new BulkAgent({ connectTimeoutMs: 2_000, ca: authority });

    expect(await digestOf((await ask(url)).body)).toBe(expected);
    expect(await digestOf((await ask(url)).body)).toBe(expected);
  });
});

describe("what is sent", () => {
  async function* inOneBuffer(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(100_000);
    for (let at = 0; at < content.length; at += buffer.length) {
      content.copy(buffer, 0, at, at + buffer.length);
      yield buffer.subarray(0, Math.min(buffer.length, content.length - at));
    }
  }
  const headers = { "content-length": String(content.length) };

  test("arrives although its chunks lie in one buffer", async () => {
    const { url } = await serve((request, response) => {
      void digestOf(request).then((digest) => response.end(digest));
    });

    const { body } = await ask(url, { method: "PUT", headers, body: inOneBuffer });

    expect((await once(body, "data")).toString()).toBe(expected);
  });

  test("ends when the server has answered before it was all there, and with its own error", async () => {
    let isEnded = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield content;
      } finally {
        isEnded = true;
      }
    }
    const { url } = await serve((request, response) => {
      request.resume();
      response.writeHead(413, { "content-length": 0, connection: "close" }).end();
    });
    const asked = { method: "PUT", headers: { "content-length": "900000000000" } };

    expect((await ask(url, { ...asked, body: endless })).statusCode).toBe(413);
    await expect.poll(() => isEnded).toBe(true);

    const broken = (): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("the disk is gone")) }),
    });
    const silent = await serve((request) => void request.resume());
    await expect(ask(silent.url, { ...asked, body: broken })).rejects.toThrow("the disk is gone");
  });

  test("cannot hold a header that begins another", async () => {
    const { url } = await serve((_, response) => void response.end());

    await expect(ask(url, { headers: { a: "b\r\nc: d" } })).rejects.toThrow("cannot be sent");
  });
});
