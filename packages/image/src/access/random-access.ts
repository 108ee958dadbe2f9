import { open } from "node:fs/promises";

/**
 * Bytes that can be read at any position: a file, a part of one, or memory; later an HTTP range source.
 * Reads may run at the same time.
 */
export interface RandomAccess extends AsyncDisposable {
  /** What it is, for error messages; never holds secrets. */
  readonly label: string;
  readonly sizeBytes: number;
  /** Where the bytes lie when they are one stretch of a local file, so that a copy can be left to the kernel. */
  readonly file?: { readonly path: string; readonly offsetBytes: number };
  /**
   * Fills a buffer with what lies at a position.
   * @param target all of it is filled, except where the source ends
   * @param offset bytes from the start, 0 or more
   * @returns how many bytes were filled in
   */
  readInto(target: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

/** Which part of a file to open. */
export interface FileWindow {
  /** Bytes from the start of the file, 0 when left out. */
  readonly offsetBytes?: number;
  /** Bytes; up to the end of the file when left out. A larger value is cut to the file's end. */
  readonly sizeBytes?: number;
}

/**
 * Opens a file, or a window of it, for reading at any position.
 * @returns a source that must be closed
 * @throws the system's error (`ENOENT`, `EACCES`, …) when the file cannot be opened
 */
export async function openFileAccess(path: string, window: FileWindow = {}): Promise<RandomAccess> {
  const handle = await open(path, "r");
  const offsetBytes = window.offsetBytes ?? 0;
  try {
    const available = Math.max(0, (await handle.stat()).size - offsetBytes);
    const sizeBytes = Math.min(available, window.sizeBytes ?? available);
    return {
      label: path,
      sizeBytes,
      file: { path, offsetBytes },
      async readInto(target, offset) {
        const wanted = Math.max(0, Math.min(target.length, sizeBytes - offset));
        let filled = 0;
        while (filled < wanted) {
          const { bytesRead } = await handle.read(target, filled, wanted - filled, offsetBytes + offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled;
      },
      close: () => handle.close(),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Bytes in memory as a {@link RandomAccess}.
 * @param label what the bytes are, for error messages
 */
export function bytesAccess(bytes: Uint8Array, label = "bytes in memory"): RandomAccess {
  return {
    label,
    sizeBytes: bytes.length,
    readInto: (target, offset) => {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return Promise.resolve(part.length);
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
