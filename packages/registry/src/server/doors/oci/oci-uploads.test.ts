import { once } from "node:events";
import { readdir } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf, openTestRegistry, type TestRegistry } from "../registry.fixture.ts";

let registry: TestRegistry;
let token: string;
beforeAll(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
});
afterAll(() => registry[Symbol.asyncDispose]());

const start = async (name = "lab/x"): Promise<string> => {
  const answer = await registry.call("POST", `/v2/${name}/blobs/uploads/`, { token });
  expect(answer.status).toBe(202);
  return answer.headers.get("location") ?? "";
};
const storedFiles = async (): Promise<string[]> => {
  const names = await readdir(path.join(registry.folder, "objects"), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map((entry) => entry.name);
};
const errorCode = async (answer: Response): Promise<string | undefined> =>
  ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code;

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`a blob comes in one piece, in two or in many, by ${algorithm}`, async () => {
    for (const size of [0, 1, 100_000]) {
      const content = Buffer.alloc(size, `${algorithm}${size}`);
      const digest = digestOf(content, algorithm);

      const location = await start();
      const pieces = [content.subarray(0, 30_000), content.subarray(30_000)];
      for (const body of pieces) {
        expect((await registry.call("PATCH", location, { token, body })).status).toBe(202);
      }
      const done = await registry.call("PUT", `${location}?digest=${digest}`, { token });

      expect([done.status, done.headers.get("docker-content-digest")]).toEqual([201, digest]);
      const read = await registry.call("GET", done.headers.get("location") ?? "");
      expect(Buffer.from(await read.arrayBuffer())).toEqual(content);
      expect(read.headers.get("docker-content-digest")).toBe(digest);
      const head = await registry.call("HEAD", `/v2/lab/x/blobs/${digest}`);
      expect([head.status, head.headers.get("content-length")]).toEqual([200, String(size)]);
    }
  });
}

test("pieces must follow each other, and the answer says where the next one begins", async () => {
  const location = await start();
  const patch = (range: string, body: string): Promise<Response> =>
    registry.call("PATCH", location, { token, body, headers: { "content-range": range } });

  expect((await patch("0-4", "hello")).headers.get("range")).toBe("0-4");
  expect((await patch("6-10", "world")).status).toBe(416);
  expect((await patch("0-4", "hello")).status).toBe(416);
  expect((await patch("nonsense", "x")).status).toBe(400);
  const status = await registry.call("GET", location, { token });
  expect([status.status, status.headers.get("range")]).toEqual([204, "0-4"]);
  expect((await patch("5-10", " world")).status).toBe(202);
  const digest = digestOf("hello world");
  expect((await registry.call("PUT", `${location}?digest=${digest}`, { token })).status).toBe(201);
});

test("content with another digest is refused, and nothing of it stays", async () => {
  const before = await storedFiles();
  const wrong = digestOf("something else");
  const whole = await registry.call("POST", `/v2/lab/x/blobs/uploads/?digest=${wrong}`, { token, body: "this" });
  const location = await start();
  await registry.call("PATCH", location, { token, body: "this" });
  const pieces = await registry.call("PUT", `${location}?digest=${wrong}`, { token });
  const garbled = await registry.call("PUT", `${await start()}?digest=sha256:12`, { token, body: "this" });

  expect(await Promise.all([whole, pieces, garbled].map(errorCode))).toEqual(Array(3).fill("DIGEST_INVALID"));
  expect((await registry.call("HEAD", `/v2/lab/x/blobs/${wrong}`)).status).toBe(404);
  expect((await registry.call("GET", location, { token })).status).toBe(404);
  const after = await storedFiles();
  expect(after.filter((name) => !before.includes(name) && /^[0-9a-f]{64}$/.test(name))).toEqual([]);
});

test("an upload that is cancelled is gone", async () => {
  const location = await start();
  await registry.call("PATCH", location, { token, body: "abc" });

  expect((await registry.call("DELETE", location, { token })).status).toBe(204);

  expect(await errorCode(await registry.call("GET", location, { token }))).toBe("BLOB_UPLOAD_UNKNOWN");
  expect(await errorCode(await registry.call("PATCH", location, { token, body: "d" }))).toBe("BLOB_UPLOAD_UNKNOWN");
});

test("an upload whose connection broke goes on where it stopped, also after a restart", async () => {
  const location = await start();
  const { hostname, port } = new URL(registry.url);
  const socket = net.connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(
    `PATCH ${location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000\r\n\r\nhello`,
  );
  const waiting = async (): Promise<number> => {
    const { headers } = await registry.call("GET", location, { token });
    return Number((headers.get("range") ?? "0-0").slice(2)) + 1;
  };
  while ((await waiting()) < 5) if (socket.destroyed) throw new Error("the server closed the connection");
  socket.destroy();

  // what a process remembers of an upload is only a help
  Object.assign(registry.registry, {
    uploads: new (await import("../../service/running-uploads.ts")).RunningUploads(),
  });
  const rest = await registry.call("PUT", `${location}?digest=${digestOf("hello world")}`, {
    token,
    body: " world",
    headers: { "content-range": "5-10" },
  });

  expect(rest.status).toBe(201);
  const read = await registry.call("GET", `/v2/lab/x/blobs/${digestOf("hello world")}`);
  expect(await read.text()).toBe("hello world");
});

test("two requests cannot write to one upload at once", async () => {
  const location = await start();
  let finish = (): void => {};
  const open = new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from("a"));
      finish = () => controller.close();
    },
  });
  const first = registry.call("PATCH", location, { token, body: open });
  let second = 0;
  while (second !== 409) second = (await registry.call("DELETE", location, { token })).status;
  finish();

  expect((await first).status).toBe(202);
});

test("ranges of a blob, and conditions", async () => {
  const digest = digestOf("0123456789");
  await registry.call("POST", `/v2/lab/x/blobs/uploads/?digest=${digest}`, { token, body: "0123456789" });
  const read = (headers: Record<string, string>): Promise<Response> =>
    registry.call("GET", `/v2/lab/x/blobs/${digest}`, { headers });

  const part = await read({ range: "bytes=2-5" });
  expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "2345", "bytes 2-5/10"]);
  expect(await (await read({ range: "bytes=-3" })).text()).toBe("789");
  expect(await (await read({ range: "bytes=8-" })).text()).toBe("89");
  expect((await read({ range: "bytes=10-" })).status).toBe(416);
  expect((await read({ range: "bytes=0-1,3-4" })).status).toBe(200);
  expect((await read({ range: "bytes=0-1", "if-range": '"other"' })).status).toBe(200);
  expect((await read({ "if-none-match": `"${digest}"` })).status).toBe(304);
  const hex = Buffer.from(digest.slice(7), "hex").toString("base64");
  expect(part.headers.get("repr-digest")).toBe(`sha-256=:${hex}:`);
});

test("a blob is taken over from a repository that one may read, and from no other", async () => {
  const secret = digestOf("secret");
  await registry.call("POST", `/v2/lab/private/blobs/uploads/?digest=${secret}`, { token, body: "secret" });
  await registry.registry.state.db
    .insertInto("collection")
    .values({ path: "lab/private", is_private: 1, description: "", readme: "", quota_bytes: null, retention: null })
    .execute();
  const mount = (who: string, to: string, from?: string): Promise<Response> =>
    registry.call("POST", `/v2/${to}/blobs/uploads/?mount=${secret}${from === undefined ? "" : `&from=${from}`}`, {
      token: who,
    });
  const mallory = await registry.token("mallory");

  expect((await mount(mallory, "mallory/x", "lab/private")).status).toBe(202);
  expect((await mount(mallory, "mallory/x")).status).toBe(202);
  expect((await registry.call("HEAD", `/v2/mallory/x/blobs/${secret}`)).status).toBe(404);
  expect((await mount(token, "lab/y", "lab/private")).status).toBe(201);
  expect((await mount(token, "lab/z")).status).toBe(201);
  expect(await (await registry.call("GET", `/v2/lab/z/blobs/${secret}`)).text()).toBe("secret");
});

test("a full quota is told before and while bytes come, and counts a blob once", async () => {
  const full = await registry.token("full");
  await registry.registry.state.db
    .insertInto("collection")
    .values({ path: "full", is_private: 0, description: "", readme: "", quota_bytes: 1000, retention: null })
    .execute();
  const send = (name: string, body: Buffer): Promise<Response> =>
    registry.call("POST", `/v2/full/${name}/blobs/uploads/?digest=${digestOf(body)}`, { token: full, body });

  expect((await send("a", Buffer.alloc(600))).status).toBe(201);
  expect((await send("b", Buffer.alloc(300, "x"))).status).toBe(201);
  const refused = await send("b", Buffer.alloc(101, "y"));
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining("the quota of full is full")]);
  const location = (await registry.call("POST", "/v2/full/b/blobs/uploads/", { token: full })).headers.get("location");
  const body = new Blob([Buffer.alloc(200)]).stream();
  const streamed = await registry.call("PATCH", location ?? "", { token: full, body });
  expect([streamed.status, await errorCode(streamed)]).toEqual([403, "DENIED"]);
});
