import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { AppError, type Digest } from "@repo2singularity/base";
import { fileSource } from "@repo2singularity/image";

/** Bytes that are to be uploaded; they can be read from any point on, as often as needed. */
export interface UploadSource {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** @param endBytes the first byte that is not read; each chunk is valid until the next one is asked for */
  read(startBytes: number, endBytes: number): AsyncIterable<Uint8Array>;
}

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
 * A source over a file, which is read once for its digest. Memory: two chunks of 1 MiB.
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
  const { size } = await stat(path);
  const hash = createHash(algorithm);
  for await (const chunk of readRange(path, 0, size)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex");
}

async function* readRange(
  path: string,
  startBytes: number,
  endBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = await fileSource(path);
  yield* source.read(startBytes, Math.max(0, endBytes - startBytes));
}
