import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { truncate } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestRegistry, pushBlob, type TestRegistry } from "../registry.fixture.ts";

const content = randomBytes(20_000_000);
let registry: TestRegistry;
let digest: string;
let file: string;
beforeAll(async () => {
  registry = await openTestRegistry();
  digest = await pushBlob(registry, await registry.token("lab"), "lab/x", content);
  const hex = digest.slice("sha256:".length);
  file = path.join(registry.folder, "objects/blobs/sha256", hex.slice(0, 2), hex);
});
afterAll(() => registry[Symbol.asyncDispose]());

const read = async (): Promise<Buffer> =>
  Buffer.from(await (await registry.call("GET", `/v2/lab/x/blobs/${digest}`)).arrayBuffer());

/** How often this process has the blob's file open. */
function openCount(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

test("clients that read at the same time get the same bytes", async () => {
  const answers = await Promise.all([read(), read(), read()]);

  expect(answers.every((bytes) => bytes.equals(content))).toBe(true);
});

test.runIf(process.platform === "linux")("the file is closed when a client goes away in the middle", async () => {
  const { hostname, port } = new URL(registry.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(`GET /v2/lab/x/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(socket, "readable"); // and reads nothing more
  await expect.poll(openCount).toBe(1);

  socket.destroy();

  await expect.poll(openCount).toBe(0);
});

test("an answer that cannot be finished is cut off", async () => {
  await truncate(file, content.length - 1);

  await expect(read()).rejects.toThrow();
});
