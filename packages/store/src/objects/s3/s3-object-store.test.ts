import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isAppError, Secret } from "@repo2singularity/base";
import { inChunks, readAll, seededBytes } from "@repo2singularity/testkit/objects";
import { afterEach, expect, test } from "vitest";
import type { ObjectStore } from "../object-store.ts";
import { openS3ObjectStore } from "./s3-object-store.ts";

/** What a storage does wrong; what it does right is shown at a real one, in e2e. */
type Behaviour = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function storage(behave: Behaviour): Promise<ObjectStore> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => behave(request, response, Buffer.concat(parts)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push(server);
  // a server that listens on a port has such an address
  const { port } = server.address() as AddressInfo;
  const credentials = { accessKeyId: "id", secretAccessKey: new Secret("secret") };
  const settings = { endpoint: `http://127.0.0.1:${port}`, region: "r", addressing: "path", credentials } as const;
  const store = await openS3ObjectStore({ bucket: "b", prefix: "p/", settings });
  opened.push(store);
  return store;
}

const failure = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>so &amp; so</Message></Error>`;

/** Takes objects of any number of parts; `end` answers the last request. */
function takesParts(seen: string[], end: (response: ServerResponse) => void): Behaviour {
  return (request, response, body) => {
    const url = new URL(request.url ?? "", "http://x");
    seen.push(`${request.method ?? ""} ${url.search.slice(1).replace("uploadId=u", "u")} ${body.length}`);
    if (request.method === "POST" && url.searchParams.has("uploads")) {
      response.end("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
    } else if (request.method === "POST") end(response);
    else response.writeHead(request.method === "DELETE" ? 204 : 200, { etag: '"e"' }).end();
  };
}

test("asks an overloaded storage again, with the same content and a signature", async () => {
  const bodies: string[] = [];
  const store = await storage((request, response, body) => {
    if (request.method === "HEAD") response.writeHead(200, { "content-length": "5" }).end();
    else {
      expect(request.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/r\/s3\/aws4_request/);
      bodies.push(body.toString());
      if (bodies.length < 3) response.writeHead(503).end(failure("SlowDown"));
      else response.end();
    }
  });

  expect(await store.write("x", inChunks("hello"))).toMatchObject({ sizeBytes: 5 });
  expect(bodies).toEqual(["hello", "hello", "hello"]);
});

test("an upload whose end fails under status 200 is a failure, and is given up", async () => {
  const seen: string[] = [];
  const store = await storage(takesParts(seen, (response) => response.end(failure("InvalidPart"))));

  await expect(store.write("x", inChunks(seededBytes(9 * 2 ** 20, "x")))).rejects.toSatisfy(
    (error) => isAppError(error, "E_STORAGE_PROTOCOL") && error.message.includes("InvalidPart: so & so"),
  );

  // parts are sent side by side
  expect(seen.filter((line) => line.startsWith("PUT")).toSorted()).toEqual([
    "PUT partNumber=1&u 8388608",
    "PUT partNumber=2&u 1048576",
  ]);
  expect(seen.at(-1)).toBe("DELETE u 0");
});

test("a write that the storage says it took and does not have is a failure", async () => {
  const store = await storage((request, response) => {
    response.writeHead(request.method === "HEAD" ? 404 : 200).end();
  });

  await expect(store.write("x", inChunks("hello"))).rejects.toSatisfy((error) =>
    isAppError(error, "E_STORAGE_PROTOCOL"),
  );
});

test("refuses the whole object in place of a range", async () => {
  const store = await storage((_, response) => response.end("whole"));

  await expect(store.read("x", { range: { start: 1, end: 2 } })).rejects.toSatisfy((error) =>
    isAppError(error, "E_STORAGE_PROTOCOL"),
  );
  expect((await readAll(await store.read("x"))).toString()).toBe("whole");
});

test("a body that breaks off is an error that is worth a further try", async () => {
  const store = await storage((_, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("half", () => response.destroy());
  });

  await expect(readAll(await store.read("x"))).rejects.toMatchObject({ code: "E_STORAGE_NETWORK", retryable: true });
});

test("names the region of a bucket that lies in another", async () => {
  const store = await storage((_, response) => {
    response.writeHead(301, { location: "http://127.0.0.1:1/", "x-amz-bucket-region": "eu-west-1" }).end();
  });

  await expect(store.stat("x")).rejects.toMatchObject({ hint: expect.stringContaining("AWS_REGION=eu-west-1") });
});

test("tells an abort as what it is", async () => {
  const stop = new AbortController();
  const store = await storage(() => stop.abort());

  await expect(store.stat("x", { signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
});
