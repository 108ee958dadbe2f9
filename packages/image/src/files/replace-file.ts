import { randomBytes } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { AppError, isAppError } from "@repo2singularity/base";

/**
 * Makes a file that appears under its name only when it is whole: written beside it, then renamed.
 * A failure or an abort leaves nothing behind; a kill leaves at most a file `NAME.partial-*`.
 * Nothing is synced: waiting for the disk costs more than copying an image, and after a power cut it can be made again.
 * @param write fills the new file; what it returns is returned
 * @throws E_NO_SPACE when the disk or quota is full
 */
export async function replaceFile<Result>(
  path: string,
  write: (file: FileHandle) => Promise<Result>,
  options: { readonly mode?: number } = {},
): Promise<Result> {
  const partial = `${path}.partial-${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(partial, "wx", options.mode ?? 0o644);
    let result: Result;
    try {
      result = await write(file);
    } finally {
      await file.close();
    }
    await rename(partial, path);
    return result;
  } catch (error) {
    await rm(partial, { force: true });
    throw isFull(error)
      ? new AppError("E_NO_SPACE", `${path}: no space left while writing it`, {
          hint: "free some space or write to another disk",
          cause: error,
        })
      : error;
  }
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error) || isAppError(error) || !("code" in error)) return false;
  return error.code === "ENOSPC" || error.code === "EDQUOT";
}

/** Writes all bytes at a position; a short write goes on where it stopped. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
