import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { openGuardedClient } from "./guarded-client.ts";

test("gets what is named, and follows no redirect to what is not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "guarded-"));
  let arrived = 0;
  const inner = createServer((_incoming, response) => {
    arrived += 1;
    response.end("secret of the machine");
  }).listen(0, "127.0.0.1");
  const place = (server: typeof inner): string => `127.0.0.1:${(server.address() as AddressInfo).port}`; // of a TCP server
  const named = createServer((incoming, response) => {
    if (incoming.url === "/away") response.writeHead(302, { location: `http://${place(inner)}/` }).end();
    else response.end("a file");
  }).listen(0, "127.0.0.1");
  await Promise.all([inner, named].map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const policy = {
    named: new Set([place(named)]),
    proxies: {},
    caBundle: "",
    ownAddresses: () => [],
    lookup: () => Promise.reject(new Error("no such name")),
  };
  const client = await openGuardedClient(join(folder, "network"), policy);

  const answer = await client.get(`http://${place(named)}/file`);
  const got = await text(answer.body);
  const away = await client.get(`http://${place(named)}/away`).then(
    async ({ statusCode, body }) => `${statusCode} ${await text(body)}`,
    (error: unknown) => String(error),
  );

  expect([answer.statusCode, got]).toEqual([200, "a file"]);
  expect(away).toContain("403");
  expect(client.takeRefused()).toEqual([`${place(inner)} is this machine's loopback; steps may not reach it`]);
  expect(arrived).toBe(0);
  await client[Symbol.asyncDispose]();
  for (const server of [inner, named]) server.close();
  await rm(folder, { recursive: true });
});
