import type { FileHandle } from "node:fs/promises";
import { AppError, errnoOf } from "@repo2singularity/base";
import type { RemoteBytes } from "../remote/remote-image.ts";
import { sizeMismatch } from "./part-map.ts";

/** Chunks of no more are gathered: large enough that system calls do not show, small enough to stay in the cache. */
const batchBytes = 2 ** 20;
/** What is as large is written as it is. */
const largeBytes = 2 ** 16;

/**
 * Writes what a remote gives into a file, several small chunks with one call. Memory: 1 MiB beside the chunk.
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
  const write = async (bytes: Uint8Array, position: number): Promise<void> => {
    await writeAll(file, bytes, position).catch((error: unknown) => {
      throw isFull(error) ? noSpace(what, error) : error;
    });
    onBytes(bytes.length);
  };
  let position = target.startBytes; // up to where all is written or gathered
  let batch: Buffer | undefined;
  let gatheredBytes = 0;
  const flush = async (): Promise<void> => {
    const gathered = batch?.subarray(0, gatheredBytes) ?? new Uint8Array();
    gatheredBytes = 0;
    if (gathered.length > 0) await write(gathered, position - gathered.length);
  };
  try {
    for await (const chunk of source.body) {
      if (endBytes !== undefined && position + chunk.length > endBytes) throw sizeMismatch(what, endBytes, "more");
      const isLarge = chunk.length >= largeBytes;
      if (isLarge || gatheredBytes + chunk.length > batchBytes) await flush();
      if (isLarge) {
        await write(chunk, position);
      } else {
        batch ??= Buffer.allocUnsafeSlow(batchBytes);
        batch.set(chunk, gatheredBytes); // it is the remote's again when the next one is asked for
        gatheredBytes += chunk.length;
      }
      position += chunk.length;
    }
  } finally {
    source.close();
    await flush(); // what came before a connection broke counts
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

function noSpace(what: string, cause: unknown): AppError {
  return new AppError("E_NO_SPACE", `${what}: no space left while fetching it`, { hint: "free some space", cause });
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(errnoOf(error) ?? "");
}
