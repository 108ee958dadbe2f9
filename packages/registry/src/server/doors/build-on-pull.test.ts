import { once } from "node:events";
import net from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Identity } from "../policy/identity.ts";
import { everything } from "../policy/scope.ts";
import { setCollection } from "../service/collections.ts";
import type { BuildRequest, ImageBuilder } from "../service/build/image-builder.ts";
import { addImage, tagImage } from "../service/images.ts";
import { takeWholeBlob } from "../service/keep-blob.ts";
import { parseDigest } from "../service/names.ts";
import { openRepository } from "../service/open-repository.ts";
import { refuse } from "../service/refusal.ts";
import { digestOf, makeSif, openTestRegistry, type TestRegistry } from "./registry.fixture.ts";

const hub: Identity = {
  kind: "account",
  accountId: 0,
  name: "hub",
  isAdmin: true,
  isRobot: true,
  scopes: [everything],
  tokenId: "hub",
};

/** A builder whose builds end when the test says so. */
class StubBuilder implements ImageBuilder {
  readonly asked: BuildRequest[] = [];
  readonly started: string[] = [];
  readonly cancelled: string[] = [];
  #end = Promise.withResolvers<void>();

  plan(request: BuildRequest): Promise<{ key: string; run(signal: AbortSignal): Promise<void> } | undefined> {
    this.asked.push(request);
    if (!request.repository.startsWith("gh/") || request.isThere) return Promise.resolve(undefined);
    if (request.tag === "forbidden") return Promise.reject(refuse("too-many-requests", "you start too many builds"));
    const key = `${request.repository}:${request.tag}`;
    return Promise.resolve({ key, run: (signal) => this.#run(key, request, signal) });
  }

  finish(): void {
    this.#end.resolve();
  }

  fail(message: string): void {
    this.#end.reject(new Error(message));
  }

  async #run(key: string, request: BuildRequest, signal: AbortSignal): Promise<void> {
    this.started.push(key);
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => {
      this.cancelled.push(key);
      aborted.reject(signal.reason);
    });
    await Promise.race([this.#end.promise, aborted.promise]);
    const { registry } = hosted;
    const repository = await openRepository(registry, hub, request.repository, "push");
    const digest = parseDigest(digestOf(sif));
    const sizeBytes = await takeWholeBlob(registry, repository, { digest }, Readable.from([sif]));
    const image = await addImage(registry, repository, { digest, sizeBytes });
    await tagImage(registry, repository, image, { tag: request.tag, architecture: "amd64" });
  }
}

let builder: StubBuilder;
let hosted: TestRegistry;
let sif: Buffer;
const open = async (patience: { holdMs: number; beatMs: number }, buildGraceMs = 60_000): Promise<void> => {
  hosted = await openTestRegistry({ builder, patience, buildGraceMs });
  sif = await makeSif(hosted.folder);
};
beforeEach(() => {
  builder = new StubBuilder();
});
afterEach(() => hosted[Symbol.asyncDispose]());
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
};

test("what builds quickly is answered as if it had been there, on every door", async () => {
  await open({ holdMs: 60_000, beatMs: 1000 });
  const paths = [
    "/v1/images/gh/Owner/Repo:main?arch=amd64",
    "/v2/gh/owner/repo/manifests/main",
    "/gh/owner/repo/main.sif",
  ];
  const answers = paths.map((path) => hosted.call("GET", path));
  await until(() => builder.asked.length === paths.length);
  builder.finish();

  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 200]);
  expect(builder.started).toEqual(["gh/owner/repo:main"]);
  expect(builder.asked[0]).toMatchObject({ name: "gh/Owner/Repo", tag: "main", architecture: "amd64" });
  expect((await hosted.call("GET", "/v2/gh/owner/repo/manifests/main")).status).toBe(200);
  expect(builder.started).toHaveLength(1);
});

test("what builds slowly keeps its clients with white space", async () => {
  await open({ holdMs: 1, beatMs: 5 });
  const library = await hosted.call("GET", "/v1/images/gh/o/r:main?arch=amd64");
  const oci = await hosted.call("GET", "/v2/gh/o/r/manifests/main");
  expect([library.status, oci.headers.get("content-type")]).toEqual([
    200,
    "application/vnd.oci.image.manifest.v1+json",
  ]);
  expect(library.headers.get("content-length")).toBeNull();
  builder.finish();

  const text = await library.text();
  expect(text).toMatch(/^ +\{/);
  expect(JSON.parse(text)).toMatchObject({ data: { hash: digestOf(sif).replace(":", ".") } });
  expect(JSON.parse(await oci.text())).toMatchObject({ layers: [{ digest: digestOf(sif) }] });
  expect(builder.started).toHaveLength(1);
});

test("a quick failure has a status, a late one comes where clients show it", async () => {
  await open({ holdMs: 60_000, beatMs: 5 });
  const quick = hosted.call("GET", "/v1/images/gh/o/r:main?arch=amd64");
  await until(() => builder.started.length === 1);
  builder.fail("no such package");
  const answer = await quick;
  expect([answer.status, await answer.json()]).toEqual([
    422,
    { error: { code: 422, message: "BUILD FAILED: no such package" } },
  ]);
  await hosted[Symbol.asyncDispose]();

  builder = new StubBuilder();
  await open({ holdMs: 1, beatMs: 5 });
  const library = await hosted.call("GET", "/v1/images/gh/o/r:main?arch=amd64");
  const oci = await hosted.call("GET", "/v2/gh/o/r/manifests/main");
  builder.fail("no such package");
  expect(await library.json()).toEqual({ data: { createdAt: "BUILD FAILED: no such package" } });
  expect(await oci.json()).toMatchObject({ layers: [{ digest: "BUILD FAILED: no such package" }] });
});

test("a build goes on while somebody waits, and is cancelled when nobody does", async () => {
  await open({ holdMs: 60_000, beatMs: 5 }, 1);
  const { hostname, port } = new URL(hosted.url);
  const connect = async (): Promise<net.Socket> => {
    const socket = net.connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write("GET /v1/images/gh/o/r:main?arch=amd64 HTTP/1.1\r\nHost: x\r\n\r\n");
    return socket;
  };
  const [first, second] = [await connect(), await connect()];
  await until(() => builder.asked.length === 2);

  first.destroy();
  await once(first, "close");
  expect(builder.cancelled).toEqual([]);
  second.destroy();
  await until(() => builder.cancelled.length === 1);
  expect(builder.cancelled).toEqual(["gh/o/r:main"]);
});

test("nothing is built for who may not pull it, or whom the builder refuses", async () => {
  await open({ holdMs: 60_000, beatMs: 5 });
  await setCollection(hosted.registry.state.db, "gh/secret", { isPrivate: true });

  for (const path of ["/v1/images/gh/secret/r:main", "/v2/gh/secret/r/manifests/main", "/gh/secret/r/main.sif"]) {
    expect((await hosted.call("GET", path)).status, path).toBe(401);
  }
  const refused = await hosted.call("GET", "/v1/images/gh/o/r:forbidden");
  expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining("too many builds")]);
  expect((await hosted.call("GET", "/v1/images/lab/x/r:main")).status).toBe(404);
  expect(builder.started).toEqual([]);
});
