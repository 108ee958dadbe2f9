import { open, type FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";

const stagingBytes = 2 * 2 ** 20;
/** Full buffers that may wait for the disk. */
const maxInFlight = 4;

/**
 * A file that is written from front to back through large buffers, in the background.
 *
 * Memory: at most 5 buffers of 2 MiB, as long as the caller awaits {@link settle} whenever {@link isBehind}.
 */
export class OutputFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #spare: Buffer[] = [];
  readonly #pending = new Set<Promise<void>>();
  #buffer: Buffer = Buffer.allocUnsafeSlow(stagingBytes);
  #filled = 0;
  #bufferAddress = 0;
  #failure: unknown;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Creates the file, or empties the one that is there. */
  static async create(path: string): Promise<OutputFile> {
    return new OutputFile(path, await open(path, "w"));
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

  /** Writes over bytes at the start of the file, ends it at the current position and closes it. */
  async finish(head: Uint8Array): Promise<void> {
    await this.#flush();
    await this.#handle.write(head, 0, head.length, 0);
    await this.#handle.truncate(this.position);
    await this.#handle.close();
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#handle.close().catch(() => {}); // finish may have closed it before it failed
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
    const address = this.#bufferAddress;
    this.#buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(stagingBytes);
    this.#bufferAddress += sizeBytes;
    this.#filled = 0;
    const done = this.#sendAndRecycle(buffer, sizeBytes, address).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  async #sendAndRecycle(buffer: Buffer, sizeBytes: number, address: number): Promise<void> {
    try {
      await this.#writeFully(buffer, sizeBytes, address);
      this.#spare.push(buffer);
    } catch (error) {
      this.#failure ??= error; // thrown where the caller waits
    }
  }

  async #writeFully(buffer: Buffer, sizeBytes: number, address: number): Promise<void> {
    for (let at = 0; at < sizeBytes;) {
      at += (await this.#handle.write(buffer, at, sizeBytes - at, address + at)).bytesWritten;
    }
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    const cause = this.#failure;
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT")) {
      throw new AppError("E_NO_SPACE", `${this.#path}: no space left after ${this.#bufferAddress} bytes`, { cause });
    }
    throw cause;
  }
}
