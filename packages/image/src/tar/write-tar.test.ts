import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as fc from "fast-check";
import type { EntryType, TreeEntry } from "../tree/entry.ts";
import { encodeName } from "../tree/name-codec.ts";
import { readTar } from "./read-tar.ts";
import { writeTar } from "./write-tar.ts";

interface Sample {
  readonly entry: TreeEntry;
  readonly bytes: Buffer;
}

async function* fromSamples(samples: readonly Sample[]): AsyncGenerator<TreeEntry> {
  for (const { entry, bytes } of samples) {
    if (bytes.length === 0) yield entry;
    else
      yield {
        ...entry,
        content: { stream: () => pieces(bytes), ...(entry.content?.holes && { holes: entry.content.holes }) },
      };
  }
}

async function* pieces(bytes: Buffer, pieceBytes = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function archiveOf(samples: readonly Sample[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(fromSamples(samples))) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

async function readBack(archive: Buffer): Promise<Sample[]> {
  const all: Sample[] = [];
  for await (const entry of readTar(pieces(archive, 777))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry.content?.stream() ?? []) chunks.push(Uint8Array.from(chunk));
    const { content, ...facts } = entry;
    const holes = content?.holes === undefined ? {} : { content: { holes: content.holes } };
    all.push({ entry: { ...facts, ...holes } as TreeEntry, bytes: Buffer.concat(chunks) });
  }
  return all;
}

const attributes = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 1_000_000_000, sizeBytes: 0 };

/** Any bytes that a file name may have, as the strings they stand for. */
const name = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 60 }),
    fc.stringMatching(/^[a-z]{1,200}$/),
    fc.constant("bytes-\udce9\udcff"),
  )
  .filter((text) => !/[\0/]/.test(text) && text !== "." && text !== ".." && encodeName(text).length <= 255)
  .filter((text) => text.isWellFormed() || text.startsWith("bytes-"));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const xattrs = fc.dictionary(
  fc.stringMatching(/^user\.[a-z.]{1,20}$/),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  {
    maxKeys: 3,
  },
);
const owner = fc.oneof(fc.nat(2_097_151), fc.nat(0xffff_ffff));
const sample = fc
  .record({
    path,
    type: fc.constantFrom<EntryType>("file", "directory", "symlink", "hardlink", "char", "block", "fifo"),
    mode: fc.nat(0o7777),
    uid: owner,
    gid: owner,
    mtimeSeconds: fc.oneof(fc.nat(4_000_000_000), fc.constantFrom(-5, 0.5, 1_234_567_890.123, 2 ** 35)),
    bytes: fc.uint8Array({ maxLength: 3000 }),
    link: path,
    device: fc.record({ major: fc.nat(4095), minor: fc.nat(0xffff_ffff) }),
    xattrs,
  })
  .map(({ bytes, link, device, xattrs, ...facts }): Sample => {
    const content = facts.type === "file" ? Buffer.from(bytes) : Buffer.alloc(0);
    const isDevice = facts.type === "char" || facts.type === "block";
    const attributes = new Map(Object.entries(xattrs));
    return {
      entry: {
        ...facts,
        sizeBytes: content.length,
        ...(facts.type === "symlink" || facts.type === "hardlink" ? { linkTarget: link } : {}),
        ...(isDevice ? { device } : {}),
        ...(attributes.size > 0 ? { xattrs: attributes } : {}),
      },
      bytes: content,
    };
  });

describe("writeTar", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(`${tmpdir()}/write-tar-`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("readTar gives back every entry that was written", async () => {
    const property = fc.asyncProperty(fc.array(sample, { maxLength: 6 }), async (samples) => {
      const back = await readBack(await archiveOf(samples));

      expect(back).toEqual(samples);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test("GNU tar unpacks what was written", async () => {
    const long = "l".repeat(120);
    const text = Buffer.from("content");
    const samples: Sample[] = [
      { entry: { ...attributes, path: "dir", type: "directory", mode: 0o755 }, bytes: Buffer.alloc(0) },
      {
        entry: { ...attributes, path: `dir/${long}/${long}`, type: "file", sizeBytes: 7, mtimeSeconds: 5.25 },
        bytes: text,
      },
      { entry: { ...attributes, path: "dir/ünï", type: "file", sizeBytes: 7, mode: 0o4755 }, bytes: text },
      {
        entry: { ...attributes, path: "dir/link", type: "symlink", linkTarget: "x".repeat(200) },
        bytes: Buffer.alloc(0),
      },
      { entry: { ...attributes, path: "dir/hard", type: "hardlink", linkTarget: "dir/ünï" }, bytes: Buffer.alloc(0) },
      { entry: { ...attributes, path: "dir/pipe", type: "fifo" }, bytes: Buffer.alloc(0) },
    ];

    execFileSync("tar", ["-x", "-C", folder], {
      input: await archiveOf(samples),
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" },
    });

    expect(readFileSync(`${folder}/dir/${long}/${long}`, "utf8")).toBe("content");
    expect(lstatSync(`${folder}/dir/${long}/${long}`).mtimeMs).toBe(5250);
    expect(lstatSync(`${folder}/dir/ünï`).nlink).toBe(2);
    expect(readlinkSync(`${folder}/dir/link`)).toBe("x".repeat(200));
    expect(lstatSync(`${folder}/dir/pipe`).isFIFO()).toBe(true);
  });

  test("keeps the holes of sparse files, and GNU tar unpacks them", async () => {
    const bytes = Buffer.alloc(1_000_000);
    bytes.write("begin", 0);
    bytes.write("middle", 500_000);
    const holes = [
      { offset: 4096, length: 495_904 },
      { offset: 504_096, length: 495_904 },
    ];
    const entry: TreeEntry = {
      ...attributes,
      path: "sparse",
      type: "file",
      sizeBytes: bytes.length,
      content: { stream: () => pieces(bytes), holes },
    };

    const archive = await archiveOf([{ entry, bytes }]);

    expect(archive.length).toBeLessThan(20_000);
    const [back] = await readBack(archive);
    expect(back?.bytes.equals(bytes)).toBe(true);
    expect(back?.entry.content?.holes).toEqual(holes);
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
    expect(readFileSync(`${folder}/sparse`).equals(bytes)).toBe(true);
  });
});
