import { open, type FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";

/** An open file that holds an image among other things. */
export interface FilePlace {
  /** Stays open, for its owner to close. */
  readonly file: FileHandle;
  /** Where the image begins, in bytes; what lies before is left alone, the file ends with the image. */
  readonly offsetBytes: number;
}

const stagingBytes = 2 * 2 ** 20;
/** Full buffers that may wait for the disk. */
const maxInFlight = 4;

/**
 * A file, or the rest of one, that is written from front to back through large buffers, in the background. Addresses
 * count from where it begins.
 *
 * Memory: at most 5 buffers of 2 MiB, as long as the caller awaits {@link settle} whenever {@link isBehind}.
 */
export class OutputFile {
  readonly #name: string;
  readonly #handle: FileHandle;
  readonly #offsetBytes: number;
  readonly #isOwner: boolean;
  readonly #spare: Buffer[] = [];
  readonly #pending = new Set<Promise<void>>();
  #buffer: Buffer = Buffer.allocUnsafeSlow(stagingBytes);
  #filled = 0;
  #bufferAddress = 0;
  #failure: unknown;

  private constructor(name: string, { file, offsetBytes }: FilePlace, isOwner: boolean) {
    this.#name = name;
    this.#handle = file;
    this.#offsetBytes = offsetBytes;
    this.#isOwner = isOwner;
  }

  /** @param target a path, where the file is created or emptied, or a place in an open file */
  static async create(target: string | FilePlace): Promise<OutputFile> {
    if (typeof target !== "string") return new OutputFile("the image", target, false);
    return new OutputFile(target, { file: await open(target, "w"), offsetBytes: 0 }, true);
  }

  /** Address of the next byte. */
  get position(): number {
    return this.#bufferAddress + this.#filled;
  }

  /** Whether the disk is slower than the caller. */
  get isBehind(): boolean {
    return this.#pending.size >= maxInFlight;
  }

  /** Copies bytes to the end. @returns the address of the first of them */
  append(bytes: Uint8Array): number {
    const address = this.position;
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#buffer.length) this.#send();
    }
    return address;
  }

  /** Copies pieces to the end, one after the other. @returns the address of the first of them */
  appendAll(pieces: readonly Uint8Array[]): number {
    const address = this.position;
    for (const piece of pieces) this.append(piece);
    return address;
  }

  /** Waits until the disk has caught up. @throws E_NO_SPACE */
  async settle(): Promise<void> {
    while (this.isBehind) await Promise.race(this.#pending);
    this.#throwFailure();
  }

  /** Goes back to an earlier address: what was written since will be written over. */
  async rewind(address: number): Promise<void> {
    await this.#flush();
    this.#bufferAddress = address;
  }

  /** Writes over bytes at its start, ends the file at the current position and closes it. */
  async finish(head: Uint8Array): Promise<void> {
    await this.#flush();
    await this.#handle.write(head, 0, head.length, this.#offsetBytes);
    await this.#handle.truncate(this.#offsetBytes + this.position);
    if (this.#isOwner) await this.#handle.close();
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#pending);
    if (this.#isOwner) await this.#handle.close().catch(() => {}); // finish may have closed it before it failed
  }

  async #flush(): Promise<void> {
    this.#send();
    await Promise.all(this.#pending);
    this.#throwFailure();
  }

  #send(): void {
    if (this.#filled === 0) return;
    const buffer = this.#buffer;
    const sizeBytes = this.#filled;
    const position = this.#offsetBytes + this.#bufferAddress;
    this.#buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(stagingBytes);
    this.#bufferAddress += sizeBytes;
    this.#filled = 0;
    const done = this.#sendAndRecycle(buffer, sizeBytes, position).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  async #sendAndRecycle(buffer: Buffer, sizeBytes: number, position: number): Promise<void> {
    try {
      await this.#writeFully(buffer, sizeBytes, position);
      this.#spare.push(buffer);
    } catch (error) {
      this.#failure ??= error; // thrown where the caller waits
    }
  }

  async #writeFully(buffer: Buffer, sizeBytes: number, position: number): Promise<void> {
    for (let at = 0; at < sizeBytes;) {
      at += (await this.#handle.write(buffer, at, sizeBytes - at, position + at)).bytesWritten;
    }
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    const cause = this.#failure;
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT")) {
      throw new AppError("E_NO_SPACE", `${this.#name}: no space left after ${this.#bufferAddress} bytes`, { cause });
    }
    throw cause;
  }
}
