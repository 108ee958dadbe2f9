import { Readable } from "node:stream";
import { asError } from "./as-error.ts";
import type { BulkConnection } from "./bulk-connection.ts";
import { ChunkedDecoder } from "./chunked.ts";
import type { BodyFraming } from "./response-head.ts";

/** Where a body comes from. */
export interface BodySource {
  readonly connection: BulkConnection;
  readonly framing: BodyFraming;
  /** A copy of its first bytes, which came with the head. */
  readonly rest: Buffer;
  /** Told once: whether the connection can be used again. */
  onDone(isReusable: boolean): void;
}

/**
 * The body of an answer. Iterated over (also by `toArray` and its like) it gives views of one buffer, each valid until
 * the next is asked for; by events and pipes it is read as any stream, whose chunks are the reader's to keep.
 */
export class BulkBody extends Readable {
  readonly #source: BodySource;
  #chunks: AsyncGenerator<Uint8Array, undefined, undefined> | undefined;
  #isDone = false;

  constructor(source: BodySource) {
    super();
    this.#source = source;
    const { framing, rest } = source;
    // nobody reads what is empty
    if (framing.kind === "length" && framing.sizeBytes === 0 && rest.length === 0) this.#finish(true);
  }

  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<Uint8Array> {
    return this.#begin();
  }

  override _read(): void {
    this.#begin()
      .next()
      .then(
        ({ value, done }) => this.push(done === true ? null : Buffer.from(value)),
        (error: unknown) => this.destroy(asError(error)),
      );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#finish(false);
    callback(error);
  }

  #begin(): AsyncGenerator<Uint8Array, undefined, undefined> {
    return (this.#chunks ??= this.#read());
  }

  #finish(isReusable: boolean): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#source.onDone(isReusable);
  }

  async *#read(): AsyncGenerator<Uint8Array, undefined, undefined> {
    const { framing } = this.#source;
    try {
      if (framing.kind === "length") yield* this.#readLength(framing.sizeBytes);
      else if (framing.kind === "chunked") yield* this.#readChunks();
      else yield* this.#readToEnd();
      this.#finish(framing.kind !== "close");
      return undefined;
    } finally {
      this.#finish(false); // the reader has stopped, or what came was wrong
    }
  }

  async *#readLength(sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    let leftBytes = sizeBytes;
    for await (const bytes of this.#pieces(() => leftBytes > 0)) {
      if (bytes.length > leftBytes)
        throw new Error(`the server sent more than the ${sizeBytes} bytes that it announced`);
      leftBytes -= bytes.length;
      yield bytes;
    }
    if (leftBytes > 0) throw new Error(`the connection ended ${leftBytes} bytes before the end of the answer`);
  }

  async *#readChunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const decoder = new ChunkedDecoder();
    for await (const bytes of this.#pieces(() => !decoder.isEnded)) yield* decoder.push(bytes);
    if (!decoder.isEnded) throw new Error("the connection ended within a chunked answer");
  }

  async *#readToEnd(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#pieces(() => true);
  }

  /** What comes as long as it is wanted, and to the end of the connection at most. */
  async *#pieces(isWanted: () => boolean): AsyncGenerator<Buffer, void, undefined> {
    const { connection, rest } = this.#source;
    if (rest.length > 0) yield rest;
    while (isWanted()) {
      const bytes = await connection.nextBytes();
      if (bytes === undefined) return;
      yield bytes;
    }
  }
}
