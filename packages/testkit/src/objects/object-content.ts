import { Buffer } from "node:buffer";
import { createCipheriv, createHash } from "node:crypto";
import type { Readable } from "node:stream";

/** Bytes that look random and are the same for the same seed. */
export function seededBytes(sizeBytes: number, seed: string): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** Content in chunks of the given sizes, in bytes; the last chunk has what is left. */
export async function* inChunks(content: Uint8Array | string, chunkBytes = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content);
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    await Promise.resolve(); // as a socket gives them: later
    yield bytes.subarray(offset, offset + chunkBytes);
  }
}

/** Content that breaks off with an error, as a connection does. */
export async function* brokenAfter(content: Uint8Array | string, error: Error): AsyncGenerator<Uint8Array> {
  yield* inChunks(content);
  throw error;
}

/** All of a stream. */
export async function readAll(stream: Readable | undefined): Promise<Buffer> {
  if (stream === undefined) throw new Error("there is no object");
  // a stream without an encoding gives buffers
  return Buffer.concat(await (stream as AsyncIterable<Uint8Array> & Readable).toArray());
}
