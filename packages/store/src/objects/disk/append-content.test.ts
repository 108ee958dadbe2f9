import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendContent } from "./append-content.ts";

const content = randomBytes(3_500_000);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "append-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Chunks of one length in one buffer, as a network client gives them; perhaps an error at the end. */
async function* chunksOf(length: number, failure?: Error): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < content.length; at += length) {
    yield buffer.subarray(0, content.copy(buffer, 0, at, at + length));
    buffer.fill(0);
  }
  if (failure !== undefined) throw failure;
}

/** @returns what is in the file behind its first two bytes, and what was told of it */
async function append(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; told: number[]; error: unknown }> {
  const file = path.join(folder, "file");
  const told: number[] = [];
  await using handle = await open(file, "wx");
  await handle.write("ab");
  const target = { path: file, handle, position: 2, onWritten: (endBytes: number) => void told.push(endBytes) };
  const error: unknown = await appendContent(chunks, target).catch((reason: unknown) => reason);
  return { bytes: (await readFile(file)).subarray(2), told, error };
}

test.each([7_777, 65_536, 2 ** 20, 3_000_000])("content in chunks of %d bytes is written whole", async (length) => {
  const { bytes, told, error } = await append(chunksOf(length));

  expect(error).toBeUndefined();
  expect(bytes.equals(content)).toBe(true);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBe(content.length + 2);
});

test("what came before content broke off is written, and its error is told", async () => {
  const { bytes, told, error } = await append(chunksOf(7_777, new Error("the line is dead")));

  expect(error).toMatchObject({ message: "the line is dead" });
  expect(bytes.equals(content)).toBe(true);
  expect(told.at(-1)).toBe(content.length + 2);
});
