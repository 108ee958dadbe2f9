import { createHash, randomBytes } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, request, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { NetworkPolicy } from "./find-way.ts";
import { openStepProxy, type StepProxy } from "./step-proxy.ts";

let folder = "";
let count = 0;
const closing: (() => PromiseLike<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "step-proxy-"));
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => rm(folder, { recursive: true }));

const nothing: NetworkPolicy = {
  named: new Set(),
  proxies: {},
  caBundle: "",
  ownAddresses: () => [],
  lookup: () => Promise.reject(new Error("no such name")),
};

async function open(policy: Partial<NetworkPolicy>): Promise<StepProxy> {
  const proxy = await openStepProxy(join(folder, String(count++)), { ...nothing, ...policy });
  closing.push(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

/** A server of this machine, which steps only reach when it is named. @returns `127.0.0.1:PORT` */
async function serve(server: HttpServer | ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`; // of a TCP server
}

interface Answer {
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

function ask(
  proxy: StepProxy,
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath: join(proxy.folder, "proxy"), path: url, method, headers, agent: false },
      (answer) => {
        const { statusCode: status, statusMessage: reason } = answer;
        text(answer).then((said) => resolve({ status, reason, body: said, headers: answer.headers }), reject);
      },
    );
    outgoing.on("error", reject).end(body);
  });
}

/** @returns the tunnel, or what was answered in its place */
function tunnel(
  proxy: StepProxy,
  authority: string,
): Promise<{ status: number | undefined; socket: Socket; head: Buffer }> {
  return new Promise((resolve, reject) => {
    request({ socketPath: join(proxy.folder, "proxy"), method: "CONNECT", path: authority, agent: false })
      .once("connect", ({ statusCode: status }, socket, head) =>
        resolve({ status, socket: socket.on("error", () => {}), head }),
      )
      .once("error", reject)
      .end();
  });
}

describe("plain requests", () => {
  test("reach a named server with method, body, path and headers as they are, but those of the connection", async () => {
    let seen: IncomingMessage | undefined;
    let body = "";
    const server = createHttpServer((incoming, response) => {
      seen = incoming;
      incoming.setEncoding("utf8").on("data", (part: string) => (body += part));
      incoming.on("end", () => response.writeHead(201, "Made", ["Set-Cookie", "a", "Set-Cookie", "b"]).end("done"));
    });
    const place = await serve(server);
    const proxy = await open({ named: new Set([place]) });

    const answer = await ask(proxy, `http://${place}/a/../b%2fc?x=|`, {
      method: "POST",
      body: "some text",
      headers: { "Proxy-Authorization": "Basic x", Connection: "X-Hop", "X-Hop": "1", "X-Kept": "2" },
    });

    expect(answer).toMatchObject({ status: 201, reason: "Made", body: "done" });
    expect(answer.headers["set-cookie"]).toEqual(["a", "b"]);
    expect([seen?.method, seen?.url, body]).toEqual(["POST", "/a/../b%2fc?x=|", "some text"]);
    expect(seen?.headers).toMatchObject({ host: place, "x-kept": "2" });
    expect(seen?.headers).not.toHaveProperty("proxy-authorization");
    expect(seen?.headers).not.toHaveProperty("x-hop");
  });

  test("are refused for what is not named, with the reason in status line and body, and noted once", async () => {
    let arrived = 0;
    const place = await serve(createServer(() => (arrived += 1)));
    const proxy = await open({});

    const answers = [await ask(proxy, `http://${place}/`), await ask(proxy, `http://${place}/again`)];

    const reason = `${place} is this machine's loopback; steps may not reach it`;
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 403, reason: expect.stringContaining(reason) });
      expect(answer.body).toContain(`repo2singularity: ${reason}. --network host`);
    }
    expect(proxy.takeRefused()).toEqual([reason]);
    expect(proxy.takeRefused()).toEqual([]);
    expect(arrived).toBe(0);
  });

  test("go to the very address that was checked, whatever the name means a moment later", async () => {
    let lookups = 0;
    let arrived = 0;
    const place = await serve(createServer(() => (arrived += 1)));
    const answers = [["192.0.2.1", "127.0.0.1"], ["127.0.0.1"]];
    const proxy = await open({ lookup: () => Promise.resolve(answers[lookups++] ?? []) });
    const url = `http://rebound.example:${place.split(":")[1]}/`;
    // its loopback address is left out, the other one answers nobody
    const first = ask(proxy, url).then(
      ({ body }) => body,
      () => "cut",
    );
    const second = await ask(proxy, url);
    await proxy[Symbol.asyncDispose]();
    closing.pop();

    expect(await first).not.toContain("127.0.0.1");
    expect(second).toMatchObject({ status: 403 });
    expect(second.body).toContain("(127.0.0.1) is this machine's loopback");
    expect(arrived).toBe(0);
  });

  test.each([["ftp://a.example/x"], ["https://a.example/"], ["/"]])("for %s are told what is expected", async (url) => {
    expect(await ask(await open({}), url)).toMatchObject({ status: 400, body: expect.stringContaining("http://") });
  });

  test("say that a name is not known and that nobody listens", async () => {
    const proxy = await open({ named: new Set(["127.0.0.1:1"]) });

    expect(await ask(proxy, "http://nowhere.example/")).toMatchObject({
      status: 502,
      body: expect.stringContaining("nowhere.example:80: no such name"),
    });
    expect(await ask(proxy, "http://127.0.0.1:1/")).toMatchObject({
      status: 502,
      body: expect.stringMatching(/REFUSED/),
    });
  });

  test("with a chunked body that has no length stay one request", async () => {
    const urls: (string | undefined)[] = [];
    const place = await serve(
      createHttpServer((incoming, response) => {
        urls.push(incoming.url);
        incoming.resume().on("end", () => response.end("ok"));
      }),
    );
    const proxy = await open({ named: new Set([place]) });

    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    await ask(proxy, `http://${place}/one`, {
      method: "GET",
      headers: { "Transfer-Encoding": "chunked" },
      body: smuggled,
    });
    await ask(proxy, `http://${place}/two`);

    expect(urls).toEqual(["/one", "/two"]);
  });
});

describe("tunnels", () => {
  test("carry megabytes both ways at once and the end of each direction alone", async () => {
    const sent = randomBytes(6_000_000);
    const place = await serve(
      createServer({ allowHalfOpen: true }, (socket) => {
        socket.write("hello");
        void buffer(socket).then((got) => socket.end(createHash("sha256").update(got).digest("hex")));
      }),
    );
    const proxy = await open({ named: new Set([place]) });

    const { status, socket, head } = await tunnel(proxy, place);
    socket.unshift(head);
    socket.end(sent);

    expect(status).toBe(200);
    expect(await text(socket)).toBe(`hello${createHash("sha256").update(sent).digest("hex")}`);
  });

  test.each(["127.0.0.1:22", "[::1]:22", "[::ffff:127.0.0.1]:22", "169.254.169.254:80", "0.0.0.0:22"])(
    "to %s are refused",
    async (authority) => {
      const proxy = await open({});

      const { status } = await tunnel(proxy, authority);

      expect(status).toBe(403);
      expect(proxy.takeRefused()).toHaveLength(1);
    },
  );

  test("to a name are refused when all of its addresses are", async () => {
    const proxy = await open({
      lookup: () => Promise.resolve(["192.0.2.9", "::1"]),
      ownAddresses: () => ["192.0.2.9"],
    });

    expect((await tunnel(proxy, "sly.example:443")).status).toBe(403);
    expect(proxy.takeRefused()[0]).toBe(
      "sly.example:443 (192.0.2.9) is an address of this machine; steps may not reach it",
    );
  });

  test.each(["nonsense", "a.example:99999", "a b:1", ":80"])("to %j are told what is expected", async (authority) => {
    const proxy = await open({});
    const client = connect(join(proxy.folder, "proxy"));
    client.write(`CONNECT ${authority} HTTP/1.1\r\nHost: x\r\n\r\n`);

    expect(await text(client)).toMatch(/^(?:HTTP\/1\.1 400|$)/);
  });

  test("and requests that wait are cut when the proxy is closed, and its folder is empty then", async () => {
    const place = await serve(createServer((socket) => void socket.on("error", () => {}).resume()));
    const proxy = await openStepProxy(join(folder, "closed"), { ...nothing, named: new Set([place]) });
    const { socket } = await tunnel(proxy, place);
    const waiting = ask(proxy, `http://${place}/never`).then(
      () => "answered",
      () => "cut",
    );
    await new Promise((resolve) => setTimeout(resolve, 20));

    await proxy[Symbol.asyncDispose]();

    expect(await buffer(socket).catch(() => Buffer.of())).toHaveLength(0);
    expect(await waiting).toBe("cut");
    expect(await readdir(proxy.folder)).toEqual([]);
  });

  test("end with the client that goes away", async () => {
    const gone = Promise.withResolvers<void>();
    const place = await serve(
      createServer(
        (socket) =>
          void socket
            .on("error", () => {})
            .resume()
            .once("close", gone.resolve),
      ),
    );
    const proxy = await open({ named: new Set([place]) });

    (await tunnel(proxy, place)).socket.destroy();

    await gone.promise;
  });
});

describe("behind a proxy of this machine", () => {
  /** Lets nobody through without its password; answers plain requests itself. */
  async function upstream(): Promise<{ place: string; asked: string[] }> {
    const asked: string[] = [];
    const isKnown = (incoming: IncomingMessage): boolean =>
      incoming.headers["proxy-authorization"] === `Basic ${btoa("me:p@ss")}`;
    const server = createHttpServer((incoming, response) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      response.writeHead(isKnown(incoming) ? 200 : 407).end("from upstream");
    });
    server.on("connect", (incoming: IncomingMessage, socket: Socket) => {
      asked.push(`CONNECT ${incoming.url}`);
      if (isKnown(incoming)) socket.write("HTTP/1.1 200 OK\r\n\r\nearly");
      else socket.write("HTTP/1.1 407 No\r\n\r\n");
      socket.end();
    });
    return { place: await serve(server), asked };
  }

  test("both kinds of requests go to it, with its password and by name", async () => {
    const { place, asked } = await upstream();
    const proxy = await open({ proxies: { all: `http://me:p%40ss@${place}` } });

    const plain = await ask(proxy, "http://far.example/x?y");
    const { status, socket, head } = await tunnel(proxy, "far.example:443");
    socket.unshift(head);

    expect(plain).toMatchObject({ status: 200, body: "from upstream" });
    expect([status, await text(socket)]).toEqual([200, "early"]);
    expect(asked).toEqual(["GET http://far.example/x?y", "CONNECT far.example:443"]);
  });

  test("addresses and names of this machine are refused, and NO_PROXY is honoured", async () => {
    const { place, asked } = await upstream();
    const direct = await serve(createHttpServer((_incoming, response) => response.end("direct")));
    const proxy = await open({
      proxies: { all: `http://me:p%40ss@${place}`, none: direct },
      named: new Set([direct]),
      lookup: (host) => (host === "localhost" ? Promise.resolve(["::1"]) : Promise.reject(new Error("no such name"))),
    });

    expect((await tunnel(proxy, "169.254.169.254:443")).status).toBe(403);
    expect((await ask(proxy, "http://localhost:9/")).status).toBe(403);
    expect((await ask(proxy, `http://${place}/`)).status).toBe(403);
    expect((await ask(proxy, `http://${direct}/`)).body).toBe("direct");
    expect(asked).toEqual([]);
  });

  test("a password that it does not take is told, and never asked of the step", async () => {
    const { place } = await upstream();
    const proxy = await open({ proxies: { all: `http://me:wrong@${place}` } });

    expect(await ask(proxy, "http://far.example/")).toMatchObject({
      status: 502,
      body: expect.stringContaining("password"),
    });
    expect((await tunnel(proxy, "far.example:443")).status).toBe(502);
  });
});
