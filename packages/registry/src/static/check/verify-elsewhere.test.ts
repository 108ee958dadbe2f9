import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256Hex } from "@repo2singularity/base";
import { expect, onTestFinished, test } from "vitest";
import { openRegistryTransport } from "../../http/errors.ts";
import type { TagEntry } from "../source/tree.ts";
import { verifyElsewhere } from "./verify-elsewhere.ts";

/** What is told of an image of 8 bytes that a server gives in its way. */
async function verified(answer: RequestListener): Promise<string | undefined> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  // a server that listens on a port has such an address
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.sif`;
  const image = { digest: `sha256:${sha256Hex("an image")}`, size: 8, arch: "amd64", url } as const;
  const place = { namespace: "a", name: "b", tag: "t", folder: "a/b/manifests/t" };
  const entry: TagEntry = { ...place, recipe: undefined, image };
  await using transport = await openRegistryTransport();
  return (await verifyElsewhere(entry, transport))?.message;
}

test("an image that is what is said of it has no issue", async () => {
  expect(await verified((_, response) => response.end("an image"))).toBeUndefined();
});

test.each<[string, RequestListener, RegExp]>([
  ["other bytes", (_, response) => response.end("an imagE"), /^digest: .* has the digest sha256:/],
  ["fewer bytes", (_, response) => response.end("an"), /^size: .* has 2 bytes, not 8/],
  ["more bytes", (_, response) => response.end("an image and more"), /^size: .* is longer than 8 bytes/],
  ["a status", (_, response) => response.writeHead(403).end(), /^url: .*403/],
  [
    "a body that breaks off",
    (_, response) => {
      response.writeHead(200, { "content-length": "8" });
      response.write("an", () => response.destroy());
    },
    /^url: .*connection/,
  ],
])("%s in its place is an issue", async (_, answer, message) => {
  expect(await verified(answer)).toMatch(message);
});
