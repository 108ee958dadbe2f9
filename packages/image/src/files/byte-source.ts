import { open } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";

/** Bytes of a known length that can be read in any order: a file, a part of one, or a composed image. */
export interface ByteSource {
  readonly sizeBytes: number;
  /**
   * Reads a range.
   * @param offset bytes from the start
   * @param length bytes; offset + length must not pass the end
   * @returns chunks in order that add up to `length`; a chunk is valid until the next one is asked for
   */
  read(offset: number, length: number): AsyncIterable<Uint8Array>;
}

/** Large enough that the system calls do not show, small enough that two of them stay in the cache. */
const chunkBytes = 2 ** 20;

/** A source over bytes in memory; they must not change while it is in use. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    // oxlint-disable-next-line require-yield -- it does yield; one chunk is all there is
    read: async function* read(offset, length) {
      yield bytes.subarray(offset, offset + length);
    },
  };
}

/**
 * A source over a file or a part of it. The file is opened at each `read` and closed at its end.
 * Memory: two chunks of 1 MiB per read, the next one is on its way while the caller has the first.
 * @param part bytes from the start of the file, and their count; the whole file when left out
 */
export async function fileSource(
  path: string,
  part?: { readonly offset: number; readonly sizeBytes: number },
): Promise<ByteSource> {
  const start = part?.offset ?? 0;
  const sizeBytes = part?.sizeBytes ?? (await fileSize(path));
  return { sizeBytes, read: (offset, length) => readFileRange(path, start + offset, length) };
}

async function fileSize(path: string): Promise<number> {
  await using file = await open(path, "r");
  return (await file.stat()).size;
}

async function* readFileRange(path: string, offset: number, length: number): AsyncIterable<Uint8Array> {
  await using file = await open(path, "r");
  const buffers = [Buffer.allocUnsafe(Math.min(chunkBytes, length)), Buffer.allocUnsafe(Math.min(chunkBytes, length))];
  const end = offset + length;
  const start = (at: number, index: number): Promise<{ bytesRead: number; buffer: Buffer }> | undefined => {
    const buffer = buffers[index % 2];
    if (at >= end || buffer === undefined) return undefined;
    return file.read(buffer, 0, Math.min(buffer.length, end - at), at);
  };
  let position = offset;
  let index = 0;
  let pending = start(position, index);
  while (pending !== undefined) {
    const { bytesRead, buffer } = await pending;
    if (bytesRead === 0) {
      throw new AppError("E_IMAGE_VERIFY", `${path}: ends at byte ${position}, expected ${end} bytes`);
    }
    position += bytesRead;
    index += 1;
    pending = start(position, index);
    pending?.catch(() => {}); // a caller that stops early leaves it unawaited
    yield buffer.subarray(0, bytesRead);
  }
}
