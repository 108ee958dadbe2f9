import { createGunzip, createZstdDecompress } from "node:zlib";
import { AppError } from "@repo2singularity/base";

/** How a stream of bytes is compressed, by its first bytes. */
export type StreamCompression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

const magicBytes = 6;
const outputChunkBytes = 2 ** 18;

/** Tells how a stream is compressed. @param start its first bytes, 6 where it has as many */
export function detectCompression(start: Uint8Array): StreamCompression {
  const hex = Buffer.from(start.subarray(0, magicBytes)).toString("hex");
  if (hex.startsWith("1f8b")) return "gzip";
  if (hex.startsWith("28b52ffd") || /^5.2a4d18/.test(hex)) return "zstd";
  if (hex.startsWith("fd377a585a00")) return "xz";
  if (/^425a68[3-9]/.test(hex)) return "bzip2";
  return "none";
}

/**
 * The uncompressed bytes of a stream that is compressed with gzip (also in several members), zstd, or not at all.
 *
 * Memory: 256 KiB chunks and the decompressor's window.
 * @throws E_TAR_INVALID for damaged data, and for xz and bzip2, which Node does not have
 * @throws E_TAR_TRUNCATED when the compressed stream ends early
 */
export async function* decompressStream(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    const start = await firstBytes(iterator);
    const compression = detectCompression(start);
    if (compression === "none") {
      if (start.length > 0) yield start;
      yield* rest(iterator);
    } else {
      yield* decompressed(start, iterator, compression);
    }
  } finally {
    await iterator.return?.();
  }
}

function decompressorOf(compression: Exclude<StreamCompression, "none">): Feedable {
  if (compression === "gzip") return createGunzip({ chunkSize: outputChunkBytes });
  if (compression === "zstd") return createZstdDecompress({ chunkSize: outputChunkBytes });
  throw new AppError("E_TAR_INVALID", `the archive is compressed with ${compression}, which cannot be read here`, {
    hint: compression === "xz" ? "unpack it first: xz -dk FILE" : "unpack it first: bzip2 -dk FILE",
  });
}

/** Enough bytes to tell the compression, copied because sources may reuse their memory. */
async function firstBytes(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let start: Uint8Array = Buffer.alloc(0);
  while (start.length < magicBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  return start;
}

async function* rest(iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

/** Runs one decompressor after the other: Node's zstd stream ends with the first frame, which need not be the last. */
async function* decompressed(
  start: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
  compression: Exclude<StreamCompression, "none">,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pending: Uint8Array | undefined = start;
  while (pending !== undefined) {
    const transform = decompressorOf(compression);
    const feeding = feed(pending, iterator, transform, compression === "zstd");
    feeding.catch((error: unknown) => transform.destroy(error instanceof Error ? error : new Error(String(error))));
    try {
      yield* transform;
    } catch (cause) {
      const sourceFailure = await feeding.then(
        () => undefined,
        (error: unknown) => (error === closedEarly ? undefined : error),
      );
      throw sourceFailure ?? damaged(cause, compression);
    } finally {
      transform.destroy();
    }
    pending = await feeding;
  }
}

/** Why feeding ended when the decompressor had enough or failed. */
const closedEarly = new Error("the decompressor was closed");

type Feedable = ReturnType<typeof createGunzip>;

/**
 * Gives a decompressor one chunk at a time, because a source may reuse a chunk once the next one is asked for.
 * @returns what it left of a chunk at the end of a frame; undefined at the end of the source
 */
async function feed(
  start: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
  transform: Feedable,
  hasFrames: boolean,
): Promise<Uint8Array | undefined> {
  let chunk: Uint8Array | undefined = start;
  while (chunk !== undefined) {
    const before = transform.bytesWritten;
    await write(transform, chunk);
    const takenBytes = transform.bytesWritten - before;
    if (hasFrames && takenBytes < chunk.length) {
      transform.end();
      return chunk.subarray(takenBytes);
    }
    const next: IteratorResult<Uint8Array, unknown> = await iterator.next();
    chunk = next.done === true ? undefined : next.value;
  }
  transform.end();
  return undefined;
}

/** A decompressor that fails never calls back: its closing ends the wait too. */
async function write(transform: Feedable, chunk: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onClose = (): void => reject(closedEarly);
    transform.once("close", onClose);
    transform.write(chunk, (error) => {
      transform.off("close", onClose);
      if (error) reject(closedEarly);
      else resolve();
    });
  });
}

function damaged(cause: unknown, compression: StreamCompression): AppError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isCut =
    cause instanceof Error && "code" in cause && (cause.code === "Z_BUF_ERROR" || /end of file/.test(message));
  return isCut
    ? new AppError("E_TAR_TRUNCATED", `the ${compression} stream ends too early`, { cause, hint: "fetch it again" })
    : new AppError("E_TAR_INVALID", `the ${compression} stream is damaged: ${message}`, { cause });
}
