import { createHash } from "node:crypto";
import { chmod, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { processRunner } from "@repo2singularity/base";
import { openStore } from "@repo2singularity/store";
import { expect, test } from "vitest";
import { openHttpClient } from "../host/http-client.ts";
import type { PythonIndexSettings } from "../host/python-index.ts";
import { ensurePinnedTool, type EnsuredTool } from "./ensure-tool.ts";
import type { PinnedTool } from "./pinned-tools.ts";

const member = "demo-1.2.0.data/scripts/demo";
const script = Buffer.from("#!/bin/sh\necho demo 1.2.0\n");
const wheel = zipOf(member, script);
const filename = "demo-1.2.0-py3-none-any.whl";

/** A zip archive with one stored file. */
function zipOf(name: string, content: Buffer): Buffer {
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), content]);
  const central = Buffer.concat([
    Buffer.from("PK\u0001\u0002\u0014\u0000"),
    common,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

function pinned(sha256 = createHash("sha256").update(wheel).digest("hex")): PinnedTool {
  const one = { filename, sha256, member };
  return { project: "demo", version: "1.2.0", program: "demo", wheels: { "linux/amd64": one, "linux/arm64": one } };
}

interface Setup {
  readonly python?: Partial<PythonIndexSettings>;
  readonly path?: string;
  readonly tool?: PinnedTool;
  readonly storeDirectory?: string;
}

async function ensure(setup: Setup): Promise<EnsuredTool & { readonly content: string }> {
  const directory = setup.storeDirectory ?? (await mkdtemp(join(tmpdir(), "tool-")));
  await using store = await openStore({ directory });
  await using client = openHttpClient({ caBundle: "", proxies: {} });
  const tool = await ensurePinnedTool(setup.tool ?? pinned(), {
    store,
    client,
    settings: { python: { extraIndexUrls: [], findLinks: [], noIndex: false, trustedHosts: [], ...setup.python } },
    host: { env: { PATH: setup.path ?? "" }, runner: processRunner },
    platform: "linux/amd64",
  });
  expect((await stat(tool.path)).mode & 0o111).not.toBe(0);
  return { ...tool, content: await readFile(tool.path, "utf8") };
}

async function serve(listener: RequestListener): Promise<AsyncDisposable & { url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.headers.authorization ?? ""} ${request.url}`.trim());
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const htmlIndex: RequestListener = (request, response) => {
  if (request.url === "/simple/demo/") {
    response.setHeader("content-type", "text/html");
    response.end(
      `<a href="../../files/other.whl">x</a><a data-x="1" href="../../files/${filename}?a=1&amp;b=2#sha256=0">${filename}</a>`,
    );
  } else if (request.url === `/files/${filename}?a=1&b=2`) response.end(wheel);
  else response.writeHead(404).end();
};

test("takes the wheel from an HTML index and unpacks its program", async () => {
  await using index = await serve(htmlIndex);

  const tool = await ensure({ python: { indexUrl: `${index.url}/simple` } });

  expect(tool).toMatchObject({ origin: "store", version: "1.2.0", content: script.toString() });
});

test("reads a JSON index that is reached over a redirect", async () => {
  await using index = await serve((request, response) => {
    if (request.url === "/i/demo/") response.writeHead(302, { location: "/deep/er/demo/" }).end();
    else if (request.url === "/deep/er/demo/") {
      response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
      response.end(JSON.stringify({ files: [{ filename, url: `../${filename}` }] }));
    } else response.end(request.url === `/deep/er/${filename}` ? wheel : "");
  });

  expect((await ensure({ python: { indexUrl: `${index.url}/i/` } })).content).toBe(script.toString());
});

test("logs in to a private index with the URL's user info, for its files as well", async () => {
  await using index = await serve(htmlIndex);

  await ensure({ python: { indexUrl: `${index.url.replace("//", "//ann:p%40ss@")}/simple/` } });

  const login = `Basic ${Buffer.from("ann:p@ss").toString("base64")}`;
  expect(index.requests.map((request) => request.startsWith(login))).toEqual([true, true]);
});

test("fetches once: a second call in the same store asks nobody", async () => {
  await using index = await serve(htmlIndex);
  const storeDirectory = await mkdtemp(join(tmpdir(), "tool-"));

  await ensure({ storeDirectory, python: { indexUrl: `${index.url}/simple` } });
  await ensure({ storeDirectory, python: { indexUrl: `${index.url}/simple` } });

  expect(index.requests).toHaveLength(2);
});

test("needs no index when a folder of packages has the wheel", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wheels-"));
  await writeFile(join(folder, filename), wheel);

  expect((await ensure({ python: { findLinks: [folder], noIndex: true } })).content).toBe(script.toString());
});

test("goes on to the next index, and tells all that was tried when none has it", async () => {
  await using index = await serve(htmlIndex);
  await using empty = await serve((_request, response) => response.writeHead(404).end());

  const second = await ensure({ python: { indexUrl: empty.url, extraIndexUrls: [`${index.url}/simple`] } });
  const none = ensure({ python: { indexUrl: `http://u:secret@${new URL(empty.url).host}`, findLinks: ["/nowhere"] } });

  expect(second.origin).toBe("store");
  await expect(none).rejects.toMatchObject({
    code: "E_TOOL_UNAVAILABLE",
    message: expect.stringMatching(
      /^demo 1\.2\.0 could not be fetched: \/nowhere\/demo-\S+, http:\/\/127\.0\.0\.1:\d+\/ \(has no demo-/,
    ),
  });
  await expect(none).rejects.not.toMatchObject({ message: expect.stringContaining("secret") });
});

test("refuses a wheel whose bytes are not the pinned ones", async () => {
  await using index = await serve(htmlIndex);

  const wrong = ensure({ tool: pinned("0".repeat(64)), python: { indexUrl: `${index.url}/simple` } });

  await expect(wrong).rejects.toMatchObject({ code: "E_TOOL_UNAVAILABLE" });
});

test("uses no script on the PATH, since it would not run inside a base", async () => {
  await using index = await serve(htmlIndex);
  const folder = await mkdtemp(join(tmpdir(), "path-"));
  await writeFile(join(folder, "demo"), script);
  await chmod(join(folder, "demo"), 0o755);

  const tool = await ensure({ path: folder, python: { indexUrl: `${index.url}/simple` } });

  expect(tool.origin).toBe("store");
});

test("passes over a program of another version on the PATH", async () => {
  const version = process.versions.node;
  const tool = { ...pinned(), program: "node", version };
  const path = join(process.execPath, "..");

  // node prints v24.1.0, not "node 24.1.0": another version, so it must not be taken
  await expect(ensure({ tool, path, python: { noIndex: true } })).rejects.toMatchObject({ code: "E_TOOL_UNAVAILABLE" });
});
