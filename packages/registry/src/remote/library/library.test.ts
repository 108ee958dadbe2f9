import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAppError, Secret, sha256Hex, type AppError } from "@repo2singularity/base";
import type { Transport } from "@repo2singularity/base/http";
import { downloadImage, type DownloadedImage } from "../../download/download-image.ts";
import { uniqueBytes } from "../../download/file-server.fixture.ts";
import { openRegistryTransport } from "../../http/errors.ts";
import { apptainerLogins } from "../login/library-logins.ts";
import { writeLibraryLogin } from "../login/write-logins.ts";

import { hasApiVersion } from "./api-version.ts";
import { resolveLibraryImage } from "./library-image.ts";
import { formatLibraryReference, parseLibraryReference } from "./library-reference.ts";
import { startLibrary, type LibraryServerFixture } from "./library-server.fixture.ts";
import type { LibraryAccess } from "./library-server.ts";
import { deleteFromLibrary, pushLibrary } from "./push-library.ts";
import { searchLibrary } from "./search-library.ts";
import type { PushedImage } from "../../push/push-oras.ts";

const content = uniqueBytes(100_000);
const digest = `sha256:${sha256Hex(content)}`;
const retryPolicy = { attemptCount: 3, firstPauseMs: 1, totalMs: 5_000 };
let folder: string;
let transport: Transport;
let library: LibraryServerFixture;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "library-"));
  transport = await openRegistryTransport({ connectTimeoutMs: 2_000, idleTimeoutMs: 2_000 });
  library = await startLibrary();
  await writeFile(join(folder, "x.sif"), content);
});
afterEach(async () => {
  await transport[Symbol.asyncDispose]();
  await library[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const access = (more: Partial<LibraryAccess> = {}): LibraryAccess => ({ transport, retryPolicy, ...more });

function push(tags: string, more: { file?: string; architecture?: string } = {}): Promise<PushedImage> {
  const reference = parseLibraryReference(`library://${library.host}/e/c/n:${tags}`);
  const { file = "x.sif", architecture = "amd64" } = more;
  return pushLibrary(join(folder, file), reference, { ...access(), architecture });
}

async function pull(name: string, architecture = "amd64"): Promise<DownloadedImage> {
  const reference = parseLibraryReference(`library://${library.host}/${name}`);
  const remote = await resolveLibraryImage(reference, architecture, access());
  return downloadImage(remote, join(folder, "out.sif"), { retryPolicy });
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

test("what is pushed is pulled again by every tag, and by its content", async () => {
  const pushed = await push("one,two");

  const byTag = await pull("e/c/n:two");
  const byContent = await pull(`e/c/n:sha256.${digest.slice(7)}`);

  expect(pushed).toMatchObject({ digest, sentBytes: content.length, sizeBytes: content.length });
  expect([byTag.digest, byContent.digest]).toEqual([digest, digest]);
  expect((await readFile(join(folder, "out.sif"))).equals(content)).toBe(true);
});

test("what is there already is only tagged", async () => {
  await push("one");
  library.requests.length = 0;

  const again = await push("two");

  expect(again.sentBytes).toBe(0);
  expect(library.requests).toEqual([
    "GET /v1/entities/e",
    "GET /v1/collections/e/c",
    "GET /v1/containers/e/c/n",
    `GET /v1/images/e/c/n:sha256.${digest.slice(7)}`,
    "GET /version",
    "POST /v2/tags/e.c.n",
  ]);
});

test("tags are kept apart by architecture", async () => {
  await writeFile(join(folder, "arm.sif"), "another image");
  await push("t");
  await push("t", { file: "arm.sif", architecture: "arm64" });

  expect((await pull("e/c/n:t")).digest).toBe(digest);
  expect((await pull("e/c/n:t", "arm64")).digest).toBe(`sha256:${sha256Hex("another image")}`);
  expect((await errorOf(pull("e/c/n:t", "s390x"))).code).toBe("E_REGISTRY_NOT_FOUND");
});

test("a large image goes in parts, and in one piece to a library that knows no parts", async () => {
  const large = Buffer.alloc(65 * 2 ** 20, "large");
  await writeFile(join(folder, "large.sif"), large);

  await push("parts", { file: "large.sif" });
  const puts = library.requests.filter((line) => line.startsWith("PUT /put/"));
  library.knowsParts = false;
  library.files.clear();
  await push("whole", { file: "large.sif" });

  expect(puts).toHaveLength(3);
  expect(library.files.get(`sha256.${sha256Hex(large)}`)?.equals(large)).toBe(true);
});

test("a part that is refused ends the upload, and the library is told", async () => {
  await writeFile(join(folder, "large.sif"), Buffer.alloc(65 * 2 ** 20, "other"));
  library.fault = (request, response) => {
    if (request.url?.endsWith(".2") !== true) return false;
    request.resume();
    response.writeHead(403).end("<Error>expired</Error>");
    return true;
  };

  const error = await errorOf(push("t", { file: "large.sif" }));

  expect(error.code).toBe("E_REGISTRY_AUTH");
  expect(library.requests.at(-1)).toMatch(/_multipart_abort$/);
  expect(library.tags.size).toBe(0);
});

test("a library of the first version gets the bytes and plain tags", async () => {
  library.apiVersion = undefined;

  await push("old");

  expect(library.requests).toContain(`POST /v1/imagefile/sha256.${digest.slice(7)}`);
  expect(library.requests).toContain("POST /v1/tags/e.c.n");
  expect((await pull("e/c/n:old")).digest).toBe(digest);
});

test("a file that is not what the library promised is refused, and nothing is left", async () => {
  await push("t");
  library.files.set(`sha256.${digest.slice(7)}`, Buffer.concat([content.subarray(1), Buffer.from("x")]));

  expect((await errorOf(pull("e/c/n:t"))).code).toBe("E_OCI_DIGEST_MISMATCH");
});

test("a private library is told with its words, and a login of apptainer opens it", async () => {
  await push("t");
  library.token = "a".repeat(200);
  const error = await errorOf(pull("e/c/n:t"));
  const remotes = join(folder, "remote.yaml");
  await writeFile(remotes, "Active: other\nRemotes:\n  other:\n    URI: cloud.example.org\n    System: true\n");
  await writeLibraryLogin(remotes, { name: library.host, url: library.url, token: new Secret(library.token) });
  const logins = apptainerLogins([remotes]);

  const withHost = parseLibraryReference(`library://${library.host}/e/c/n:t`);
  const withoutHost = parseLibraryReference("library://e/c/n:t");

  expect(error).toMatchObject({ code: "E_REGISTRY_AUTH" });
  expect(error.message).toContain("this library wants a login");
  for (const reference of [withHost, withoutHost]) {
    expect((await resolveLibraryImage(reference, "amd64", access({ logins }))).digest).toBe(digest);
  }
  expect(await readFile(remotes, "utf8")).toContain("cloud.example.org");
  expect((await errorOf(resolveLibraryImage(withoutHost, "amd64", access()))).hint).toContain("log in first");
});

test("images are found by name, and deleted", async () => {
  await push("t");
  const reference = parseLibraryReference(`library://${library.host}/e/c/n:t`);

  const found = await searchLibrary(library.host, { text: "c/n", architecture: "amd64" }, access());
  await deleteFromLibrary(reference, "amd64", access());

  expect(found).toMatchObject([{ path: "e/c/n", tags: ["t"], fingerprints: [] }]);
  expect((await errorOf(deleteFromLibrary(reference, "amd64", access()))).code).toBe("E_REGISTRY_NOT_FOUND");
});

test("an answer without a right hash never becomes a file name or a digest", async () => {
  library.fault = (_, response) => {
    response.end('{"data":{"hash":"sha256.../../x"}}');
    return true;
  };

  expect((await errorOf(pull("e/c/n:t"))).code).toBe("E_REGISTRY_PROTOCOL");
});

test.each([
  ["library://n", undefined, "n", ["latest"]],
  ["library://e/c/n:a,b", undefined, "e/c/n", ["a", "b"]],
  ["library://hub.example.org/gh/Owner/Repo:feature/x", "hub.example.org", "gh/Owner/Repo", ["feature/x"]],
  ["library://127.0.0.1:80/n", "127.0.0.1:80", "n", ["latest"]],
])("%s is read by apptainer's rules", (text, host, path, tags) => {
  expect(parseLibraryReference(text)).toEqual({ kind: "library", host, path, tags });
});

test("a reference is written as it is read", () => {
  const text = "library://hub.example.org/e/c/n:t";
  expect(formatLibraryReference(parseLibraryReference(text))).toBe(text);
});

test.each(["library://", "library://a//b", "library://h/../c/n", "library://e/c/n:", "library://e c/n"])(
  "refuses %j",
  (text) => {
    expect(() => parseLibraryReference(text)).toThrow("is no image of a library");
  },
);

test.each(["library://h.org/E/c/n:t", "library://e/c:t", "library://h.org/e/c/n/m:t", "library://e/c/a__b"])(
  "%s cannot be pushed to",
  async (text) => {
    const pushed = pushLibrary("x", parseLibraryReference(text), { ...access(), architecture: "amd64" });
    expect((await errorOf(pushed)).code).toBe("E_REFERENCE_INVALID");
  },
);

test.each([
  [undefined, false],
  ["1.0.0", false],
  ["2.0.0-alpha.1", false],
  ["2.0.0-alpha.2", true],
  ["2.0.0-alpha.10", true],
  ["2.0.0-beta", true],
  ["2.0.0", true],
  ["10.0.0", true],
  ["v2.0.0", false],
])("version %s knows tags by architecture: %s", (version, expected) => {
  expect(hasApiVersion(version, "2.0.0-alpha.2")).toBe(expected);
});
