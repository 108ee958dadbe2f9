import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { AppError, type Digest } from "@repo2singularity/base";

/** Bytes that are to be uploaded; they can be read from any point on, as often as needed. */
export interface UploadSource {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** @param endBytes the first byte that is not read; chunks are the reader's to keep */
  read(startBytes: number, endBytes: number): AsyncIterable<Uint8Array>;
}

const chunkBytes = 256 * 1024;

/** A source over bytes in memory. */
export function bytesUpload(bytes: Uint8Array): UploadSource {
  return {
    digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    sizeBytes: bytes.length,
    // oxlint-disable-next-line require-yield -- it does yield; one chunk is all there is
    read: async function* read(startBytes, endBytes) {
      yield bytes.subarray(startBytes, endBytes);
    },
  };
}

/**
 * A source over a file, which is read once for its digest. Memory: some chunks of 256 KiB.
 * @throws E_FILE_ACCESS when it cannot be read
 */
export async function fileUpload(path: string, signal?: AbortSignal): Promise<UploadSource> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new AppError("E_FILE_ACCESS", `${path}: cannot be read`, { cause: error });
  });
  return {
    digest: `sha256:${await hashFile(path, "sha256", signal)}`,
    sizeBytes: size,
    read: (startBytes, endBytes) => readRange(path, startBytes, endBytes),
  };
}

/** A source over a file whose digest is known, such as one of a store. */
export function storedUpload(file: {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}): UploadSource {
  const { path, digest, sizeBytes } = file;
  return { digest, sizeBytes, read: (startBytes, endBytes) => readRange(path, startBytes, endBytes) };
}

/** A digest of a whole file as hexadecimal digits. */
export async function hashFile(path: string, algorithm: "sha256" | "md5", signal?: AbortSignal): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Uint8Array>) {
    signal?.throwIfAborted(); // a stream without an encoding gives bytes
    hash.update(chunk);
  }
  return hash.digest("hex");
}

function readRange(path: string, startBytes: number, endBytes: number): AsyncIterable<Uint8Array> {
  if (endBytes <= startBytes) return bytesUpload(new Uint8Array()).read(0, 0);
  // a stream without an encoding gives bytes
  return createReadStream(path, {
    start: startBytes,
    end: endBytes - 1,
    highWaterMark: chunkBytes,
  }) as AsyncIterable<Uint8Array>;
}
