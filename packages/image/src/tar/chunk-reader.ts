import { AppError } from "@repo2singularity/base";

/**
 * Exact pieces of a stream of chunks, without copying what lies inside one chunk.
 *
 * Memory: the current chunk; a copy only of what crosses a chunk's end. Pieces are valid until the next call.
 */
export class ChunkReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** Bytes that were taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The next bytes when they lie in the current chunk, else undefined; waits for nothing. */
  tryTake(sizeBytes: number): Uint8Array | undefined {
    const end = this.#at + sizeBytes;
    if (end > this.#chunk.length) return undefined;
    const piece = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    this.#offset += sizeBytes;
    return piece;
  }

  /**
   * The next `sizeBytes` bytes.
   * @returns undefined at the end of the stream, when not one byte is left
   * @throws E_TAR_TRUNCATED when the stream ends inside the piece
   */
  async take(sizeBytes: number, what: string): Promise<Uint8Array | undefined> {
    const direct = this.tryTake(sizeBytes);
    if (direct !== undefined) return direct;
    const pieces: Uint8Array[] = [];
    let missing = sizeBytes;
    while (missing > 0) {
      const piece = await this.takeSome(missing);
      if (piece === undefined) break;
      pieces.push(Uint8Array.prototype.slice.call(piece)); // sources may reuse the memory of a chunk
      missing -= piece.length;
    }
    if (missing === sizeBytes && sizeBytes > 0) return undefined;
    if (missing > 0) throw this.truncated(what, missing);
    return Buffer.concat(pieces, sizeBytes);
  }

  /** At least one and at most `maxBytes` bytes, as they come; undefined at the end of the stream. */
  async takeSome(maxBytes: number): Promise<Uint8Array | undefined> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#iterator.next();
      if (next.done === true) return undefined;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return this.tryTake(Math.min(maxBytes, this.#chunk.length - this.#at));
  }

  /** Puts bytes of the last {@link take} back, to be taken again. */
  putBack(piece: Uint8Array): void {
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = rest.length === 0 ? piece : Buffer.concat([piece, rest]);
    this.#at = 0;
    this.#offset -= piece.length;
  }

  /** Passes over bytes. @throws E_TAR_TRUNCATED when the stream ends before */
  async skip(sizeBytes: number, what: string): Promise<void> {
    let missing = sizeBytes;
    while (missing > 0) {
      const piece = await this.takeSome(missing);
      if (piece === undefined) throw this.truncated(what, missing);
      missing -= piece.length;
    }
  }

  /** Reads to the end, so that the source can check what stands there (a gzip checksum, a digest). */
  async drain(): Promise<void> {
    this.#at = this.#chunk.length;
    while ((await this.#iterator.next()).done !== true);
  }

  /** Tells the source that no more will be read. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** The error for a stream that ends `missingBytes` too early. */
  truncated(what: string, missingBytes: number): AppError {
    return new AppError(
      "E_TAR_TRUNCATED",
      `tar archive: ${what} at byte ${this.#offset}: ${missingBytes} more bytes expected, the archive ends there`,
      { hint: "fetch or make the archive again", data: { offset: this.#offset } },
    );
  }
}
