import { gzipSync, zstdCompressSync } from "node:zlib";
import { isAppError } from "@repo2singularity/base";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TreeEntry } from "../tree/entry.ts";
import { decompressStream } from "./decompress-stream.ts";
import { readTar } from "./read-tar.ts";
import { writeTar } from "./write-tar.ts";

async function* chunks(bytes: Uint8Array, chunkBytes = 4096): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(chunkBytes); // a source may use its memory again: nobody may keep a chunk
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = bytes.subarray(at, at + chunkBytes);
    reused.set(part);
    yield reused.subarray(0, part.length);
    reused.fill(0xaa);
  }
}

async function* samples(): AsyncGenerator<TreeEntry> {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 1.5, sizeBytes: 0 };
  const file = (text: string): Pick<TreeEntry, "type" | "sizeBytes" | "content"> => ({
    type: "file",
    sizeBytes: text.length,
    content: { stream: () => chunks(Buffer.from(text)) },
  });
  yield { ...attributes, path: "d", type: "directory" };
  yield { ...attributes, ...file("x".repeat(600)), path: `d/${"long".repeat(40)}` };
  yield { ...attributes, ...file("short"), path: "f", xattrs: new Map([["user.a", Buffer.from("b")]]) };
  yield { ...attributes, path: "l", type: "symlink", linkTarget: "f" };
  yield { ...attributes, path: "h", type: "hardlink", linkTarget: "f" };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of readTar(source, { limits: { fileBytes: 1_000_000 } })) {
    for await (const chunk of entry.content?.stream() ?? []) void chunk;
    paths.push(entry.path);
  }
  return paths;
}

describe("readTar on damaged archives", () => {
  test("says at which byte an archive was cut, wherever that is", async () => {
    const archive = await collect(writeTar(samples()));
    for (let length = 0; length < archive.length - 1024; length += 256) {
      const error = await readAll(chunks(archive.subarray(0, length))).catch((error: unknown) => error);

      expect(error).toMatchObject({ code: "E_TAR_TRUNCATED" });
    }
  });

  test("ends with a coded error or a reading when bits are flipped, never otherwise", async () => {
    const archive = await collect(writeTar(samples()));
    const flips = fc.array(fc.nat(archive.length * 8 - 1), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(flips, async (bits) => {
      const damaged = Buffer.from(archive);
      for (const bit of bits) damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const result = await readAll(chunks(damaged)).catch((error: unknown) => error);

      expect(Array.isArray(result) || isAppError(result)).toBe(true);
    });
    await fc.assert(property, { numRuns: 500 });
  });

  test("says that other files are no tar archives", async () => {
    await expect(readAll(chunks(Buffer.alloc(2000, "no tar at all ")))).rejects.toMatchObject({
      code: "E_TAR_INVALID",
    });
  });

  test("refuses paths that lead out of the tree", async () => {
    const archive = await collect(writeTar(samples()));
    const evil = Buffer.from(archive);
    const at = evil.indexOf("d/\0");
    evil.write("../", at);
    let sum = 8 * 0x20;
    for (const [index, byte] of evil.subarray(at, at + 512).entries()) if (index < 148 || index >= 156) sum += byte;
    evil.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148);

    await expect(readAll(chunks(evil))).rejects.toMatchObject({ code: "E_PATH_ESCAPE" });
  });

  test("stops at its limits", async () => {
    const archive = await collect(writeTar(samples()));
    const read = async (limits: object): Promise<void> => {
      for await (const entry of readTar(chunks(archive), { limits })) void entry;
    };

    await expect(read({ entryCount: 2 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    await expect(read({ fileBytes: 100 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
    await expect(read({ extensionBytes: 10 })).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
  });
});

describe("decompressStream", () => {
  test.each([
    ["nothing", (bytes: Buffer) => bytes],
    ["gzip", (bytes: Buffer) => gzipSync(bytes)],
    [
      "gzip in two members",
      (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 999)), gzipSync(bytes.subarray(999))]),
    ],
    ["zstd", (bytes: Buffer) => zstdCompressSync(bytes)],
    [
      "zstd in two frames",
      (bytes: Buffer) =>
        Buffer.concat([zstdCompressSync(bytes.subarray(0, 999)), zstdCompressSync(bytes.subarray(999))]),
    ],
  ] as const)("reads archives compressed with %s", async (_name, compress) => {
    const archive = await collect(writeTar(samples()));

    expect((await collect(decompressStream(chunks(compress(archive), 100)))).equals(archive)).toBe(true);
  });

  test("says that a compressed archive was cut or damaged", async () => {
    const archive = await collect(writeTar(samples()));
    for (const packed of [gzipSync(archive), zstdCompressSync(archive)]) {
      const cut = packed.subarray(0, packed.length - 20);
      await expect(collect(decompressStream(chunks(cut)))).rejects.toMatchObject({ code: "E_TAR_TRUNCATED" });
      const damaged = Buffer.from(packed).fill(0x55, 20, 60);
      await expect(collect(decompressStream(chunks(damaged)))).rejects.toMatchObject({ code: "E_TAR_INVALID" });
    }
  });

  test("names the program that unpacks what it cannot", async () => {
    const xz = Buffer.from("fd377a585a000000", "hex");

    await expect(collect(decompressStream(chunks(xz)))).rejects.toMatchObject({
      hint: expect.stringContaining("xz -d"),
    });
  });

  test("ends its source when the consumer leaves early", async () => {
    let isClosed = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield gzipSync(Buffer.alloc(100_000));
      } finally {
        isClosed = true;
      }
    };
    for await (const chunk of decompressStream(endless())) if (chunk.length > 0) break;

    expect(isClosed).toBe(true);
  });
});
