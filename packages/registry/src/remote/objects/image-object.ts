import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { AppError, type Digest } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";

/** An image that lies as an object on a disk or in object storage; `ObjectStore.read` gives its bytes. */
export interface ImageObject {
  readonly sizeBytes: number;
  /** From the file `NAME.sha256` beside it; undefined when there is none, so that nothing can be promised. */
  readonly digest: Digest | undefined;
  /** Changes when the object is replaced. */
  readonly version: string;
}

/** How an image is put. */
export interface PutImageOptions {
  /** Called with the bytes that are read so far. */
  readonly onProgress?: (doneBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts an image file under a name, and its digest beside it as `NAME.sha256`, in the form of `sha256sum`.
 * Bytes are hashed on their way, so that the digest is that of what was sent. Memory: that of `ObjectStore.write`.
 * @throws E_FILE_ACCESS when the file cannot be read; what the store throws
 */
export async function putImageObject(
  store: ObjectStore,
  name: string,
  path: string,
  options: PutImageOptions = {},
): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
  const { signal } = options;
  const { size: sizeBytes } = await stat(path).catch((error: unknown) => {
    throw new AppError("E_FILE_ACCESS", `${path}: cannot be read`, { cause: error });
  });
  const hash = createHash("sha256");
  // an old digest beside a new image would be a wrong one: none is better
  await store.remove(sumName(name), { signal });
  const contentType = "application/octet-stream";
  await store.write(name, readHashing(path, hash, options), { sizeBytes, contentType, signal });
  const hex = hash.digest("hex");
  await store.write(sumName(name), textContent(`${hex}  ${basename(name)}\n`), { contentType: "text/plain", signal });
  return { digest: `sha256:${hex}`, sizeBytes };
}

/** What is known of an image under a name. @returns undefined when there is none */
export async function findImageObject(
  store: ObjectStore,
  name: string,
  signal?: AbortSignal,
): Promise<ImageObject | undefined> {
  const info = await store.stat(name, { signal });
  if (info === undefined) return undefined;
  const digest = await readSum(store, name, signal);
  return { sizeBytes: info.sizeBytes, digest, version: `${info.modified.getTime()}-${info.sizeBytes}` };
}

/** A text as the content of an object. */
export async function* textContent(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

function sumName(name: string): string {
  return `${name}.sha256`;
}

async function* readHashing(
  path: string,
  hash: Hash,
  { onProgress, signal }: PutImageOptions,
): AsyncGenerator<Uint8Array> {
  let doneBytes = 0;
  const stream = createReadStream(path, { highWaterMark: 2 ** 20, signal });
  // a stream without an encoding gives buffers
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    yield chunk;
    doneBytes += chunk.length;
    onProgress?.(doneBytes);
  }
}

/** The first word of the file beside an image; a file of any other form promises nothing. */
async function readSum(store: ObjectStore, name: string, signal: AbortSignal | undefined): Promise<Digest | undefined> {
  const content = await store.read(sumName(name), { range: { start: 0, end: 64 }, signal });
  if (content === undefined) return undefined;
  // a stream without an encoding gives buffers
  const hex = Buffer.concat((await content.toArray()) as Uint8Array[]).toString("latin1");
  return /^[0-9a-f]{64}$/.test(hex) ? `sha256:${hex}` : undefined;
}
