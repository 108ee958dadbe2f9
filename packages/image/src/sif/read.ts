import { open, type FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import type { ByteSource } from "../files/byte-source.ts";
import { replaceFile, writeFully } from "../files/replace-file.ts";
import type { SifDescriptor } from "./descriptor.ts";
import type { SifHeader } from "./header.ts";
import { readSifHead } from "./read-head.ts";

const chunkBytes = 2 ** 20;

/**
 * Opens a SIF and reads its header and descriptors; data is read when asked for.
 * Every object is checked to lie within the file.
 * @returns must be closed by the caller
 * @throws E_SIF_INVALID or E_SIF_TRUNCATED, naming the byte offset, when the file is no SIF or is damaged
 */
export async function openSif(path: string): Promise<SifFile> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const { header, descriptors } = await readSifHead({
      label: path,
      sizeBytes: size,
      readRange: (offset, length) => readUpTo(file, offset, length),
    });
    return new SifFile({ path, file, header, descriptors, sizeBytes: size });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** An open SIF: its header, its objects, and ranges of their data. */
export class SifFile implements AsyncDisposable {
  readonly path: string;
  readonly header: SifHeader;
  /** Objects in the order of the descriptor table. */
  readonly descriptors: readonly SifDescriptor[];
  /** Of the whole file. */
  readonly sizeBytes: number;
  readonly #file: FileHandle;

  /** Use {@link openSif}. */
  constructor(parts: {
    readonly path: string;
    readonly file: FileHandle;
    readonly header: SifHeader;
    readonly descriptors: readonly SifDescriptor[];
    readonly sizeBytes: number;
  }) {
    this.path = parts.path;
    this.header = parts.header;
    this.descriptors = parts.descriptors;
    this.sizeBytes = parts.sizeBytes;
    this.#file = parts.file;
  }

  /**
   * The object of an id.
   * @throws E_SIF_NO_OBJECT when there is none
   */
  object(id: number): SifDescriptor {
    const found = this.descriptors.find((descriptor) => descriptor.id === id);
    if (found !== undefined) return found;
    throw new AppError("E_SIF_NO_OBJECT", `${this.path}: no object has the id ${id}`, {
      hint: "list the objects with `repo2singularity image list FILE`",
    });
  }

  /**
   * The partition that holds the root file system.
   * @throws E_SIF_NO_OBJECT when the file has none
   */
  primaryPartition(): SifDescriptor {
    const found = this.descriptors.find((descriptor) => descriptor.partition?.kind === "primary");
    if (found !== undefined) return found;
    throw new AppError("E_SIF_NO_OBJECT", `${this.path}: has no primary partition, so nothing in it can be run`);
  }

  /** The first object of a name, `undefined` when no object has it. */
  findByName(name: string): SifDescriptor | undefined {
    return this.descriptors.find((descriptor) => descriptor.name === name);
  }

  /** The data of an object as a source that is good until the file is closed. */
  source(id: number): ByteSource {
    const { offset, sizeBytes } = this.object(id);
    return { sizeBytes, read: (start, length) => this.#readRange(offset + start, length) };
  }

  /** Streams the data of an object in chunks of at most 1 MiB. */
  read(id: number): AsyncIterable<Uint8Array> {
    const { offset, sizeBytes } = this.object(id);
    return this.#readRange(offset, sizeBytes);
  }

  /**
   * The whole data of a small object.
   * @param limitBytes larger objects are refused; 16 MiB when left out
   * @throws E_LIMIT_EXCEEDED when the object is larger
   */
  async readBytes(id: number, limitBytes: number = 16 * 2 ** 20): Promise<Uint8Array> {
    const { offset, sizeBytes } = this.object(id);
    if (sizeBytes > limitBytes) {
      throw new AppError("E_LIMIT_EXCEEDED", `${this.path}: object ${id} has ${sizeBytes} bytes, limit ${limitBytes}`);
    }
    return readExactly(this.#file, { path: this.path, offset, length: sizeBytes });
  }

  /**
   * Bytes of the file, whatever they belong to.
   * @throws E_SIF_TRUNCATED when the file ends before them
   */
  readRange(offset: number, length: number): Promise<Uint8Array> {
    return readExactly(this.#file, { path: this.path, offset, length });
  }

  /** Writes the data of an object to a file, which appears when it is whole. */
  async extract(id: number, path: string, signal?: AbortSignal): Promise<void> {
    const chunks = this.read(id);
    await replaceFile(path, async (target) => {
      let position = 0;
      for await (const chunk of chunks) {
        signal?.throwIfAborted();
        await writeFully(target, chunk, position);
        position += chunk.length;
      }
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#readRange(offset: number, length: number): AsyncIterable<Uint8Array> {
    const end = offset + length;
    for (let position = offset; position < end;) {
      const size = Math.min(chunkBytes, end - position);
      yield await readExactly(this.#file, { path: this.path, offset: position, length: size });
      position += size;
    }
  }
}

async function readExactly(
  file: FileHandle,
  range: { readonly path: string; readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const bytes = await readUpTo(file, range.offset, range.length);
  if (bytes.length === range.length) return bytes;
  throw new AppError("E_SIF_TRUNCATED", `${range.path}: ends at byte ${range.offset + bytes.length} while it was read`);
}

async function readUpTo(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}
