import type { FileHandle } from "node:fs/promises";
import { onDisk } from "./disk-failure.ts";

/** Few system calls, and what the network brings while one is written has room in the other. */
const bufferBytes = 2 ** 20;
/** What a slow sender brought is in the file after this, for whoever asks how far an upload is. */
const longestWaitMs = 100;
/** After so much the disk begins with what it has, so that little is left to wait for at the end. */
const flushEveryBytes = 32 * 2 ** 20;

/** Where content is added to a file. */
export interface AppendTarget {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes from the start of the file. */
  readonly position: number;
  readonly signal?: AbortSignal | undefined;
  /** Told how far the file has come, in bytes from its start, in order. */
  onWritten(endBytes: number): void;
}

/**
 * Writes content into a file while more of it arrives. Chunks are the content's again when the next one is asked for.
 * When the content breaks off, all that came of it is written. Memory: two buffers of 1 MiB.
 * @throws what the content throws; E_NO_SPACE, E_FILE_ACCESS
 */
export async function appendContent(content: AsyncIterable<Uint8Array>, target: AppendTarget): Promise<void> {
  const writer = new AppendingWriter(target);
  try {
    for await (const chunk of content) {
      target.signal?.throwIfAborted();
      await writer.add(chunk);
    }
  } finally {
    await writer.finish();
  }
}

class AppendingWriter {
  readonly #target: AppendTarget;
  #filling: Buffer | undefined;
  #spare: Buffer | undefined;
  #filledBytes = 0;
  #position: number;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> = Promise.resolve();
  #flushedBytes: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: AppendTarget) {
    this.#target = target;
    this.#position = target.position;
    this.#flushedBytes = target.position;
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length;) {
      const part = chunk.subarray(taken, taken + bufferBytes - this.#filledBytes);
      this.#filling ??= Buffer.allocUnsafeSlow(bufferBytes); // most objects are small, and need one
      this.#filling.set(part, this.#filledBytes);
      this.#filledBytes += part.length;
      taken += part.length;
      this.#timer ??= setTimeout(() => void this.#write().catch(() => {}), longestWaitMs); // told by the next call
      if (this.#filledBytes === bufferBytes) await this.#write();
    }
  }

  async finish(): Promise<void> {
    try {
      await this.#write();
      await this.#writing;
    } finally {
      clearTimeout(this.#timer);
      await this.#flushing;
    }
  }

  /** Begins to write what was gathered, when what was begun before is written. */
  async #write(): Promise<void> {
    for (let before: unknown; before !== this.#writing;) {
      before = this.#writing; // another call may begin to write while this one waits
      await before;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = this.#filling?.subarray(0, this.#filledBytes);
    if (bytes === undefined || bytes.length === 0) return;
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    this.#filledBytes = 0;
    const position = this.#position;
    this.#position += bytes.length;
    this.#writing = this.#writeBytes(bytes, position);
    this.#writing.catch(() => {}); // told by the next call
  }

  async #writeBytes(bytes: Uint8Array, position: number): Promise<void> {
    const { path, handle, onWritten } = this.#target;
    await onDisk(path, () => writeAt(handle, bytes, position));
    const endBytes = position + bytes.length;
    onWritten(endBytes);
    if (endBytes - this.#flushedBytes < flushEveryBytes) return;
    this.#flushedBytes = endBytes;
    // only a head start: whoever needs the bytes on the disk flushes again, and is told what fails
    this.#flushing = this.#flushing.then(() => handle.datasync()).catch(() => {});
  }
}

/** Writes all of a chunk; a short write goes on where it ended. */
async function writeAt(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await handle.write(chunk, offset, chunk.length - offset, position + offset)).bytesWritten;
  }
}
