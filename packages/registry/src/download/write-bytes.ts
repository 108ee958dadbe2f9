import type { FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import type { RemoteBytes } from "../remote/remote-image.ts";
import { sizeMismatch } from "./part-map.ts";

/** Small enough to stay in the cache, large enough that system calls do not show. */
const batchBytes = 2 ** 20;

/**
 * Writes what a remote gives into a file, several chunks with one call. Memory: 1 MiB and a chunk.
 * @param target `startBytes` in the file; more than up to `endBytes` is refused
 * @param onBytes told how many more bytes are in the file
 * @throws E_OCI_DIGEST_MISMATCH when there is more than was promised; E_NO_SPACE
 */
export async function writeBytes(
  source: RemoteBytes,
  target: {
    readonly file: FileHandle;
    readonly startBytes: number;
    readonly endBytes: number | undefined;
    /** Named in errors. */
    readonly what: string;
    onBytes(count: number): void;
  },
): Promise<void> {
  const { file, endBytes, what, onBytes } = target;
  let position = target.startBytes;
  let batch: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async (): Promise<void> => {
    await writeAll(file, batch, position).catch((error: unknown) => {
      throw isFull(error)
        ? new AppError("E_NO_SPACE", `${what}: no space left while fetching it`, {
            hint: "free some space",
            cause: error,
          })
        : error;
    });
    position += pendingBytes;
    onBytes(pendingBytes);
    batch = [];
    pendingBytes = 0;
  };
  try {
    for await (const chunk of source.body) {
      if (endBytes !== undefined && position + pendingBytes + chunk.length > endBytes) {
        throw sizeMismatch(what, endBytes, "more");
      }
      batch.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes >= batchBytes) await flush();
    }
  } finally {
    source.close();
    if (pendingBytes > 0) await flush(); // what came before a connection broke counts
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, position);
  let skipBytes = bytesWritten;
  let at = position;
  for (const chunk of chunks) {
    const from = Math.min(skipBytes, chunk.length);
    skipBytes -= from;
    at += from;
    for (let done = from; done < chunk.length;) {
      const written = (await file.write(chunk, done, chunk.length - done, at)).bytesWritten;
      done += written;
      at += written;
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
