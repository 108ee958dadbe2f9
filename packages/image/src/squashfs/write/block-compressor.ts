import { createDeflate, createZstdCompress, type Deflate, type ZstdCompress } from "node:zlib";
import { streamOptions, type BlockCompression } from "./block-codec.ts";
import { frameSizeBytes } from "./zstd-frame.ts";

/** Called once for each block, with the pieces of its compressed form; they belong to the receiver. */
export type BlockReceiver = (pieces: readonly Uint8Array[], sizeBytes: number) => void;

/**
 * A compressor that is kept from block to block and works on libuv's pool of threads.
 *
 * Every write is one whole frame (zstd) or stream (zlib) because it is written with the flush that ends one; so the
 * native context, its tables and its output memory are made once and not for each block. The bytes depend on the block
 * and the settings alone, not on what was compressed before. Memory: the tables, and one piece of output, of which
 * several blocks are slices.
 */
export class BlockCompressor {
  readonly #stream: Deflate | ZstdCompress;
  readonly #isZstd: boolean;
  #pieces: Uint8Array[] = [];

  /**
   * @param maxBlockBytes of the blocks to come
   * @param onError called when the library fails; no receiver is called after it
   */
  constructor(settings: BlockCompression, maxBlockBytes: number, onError: (error: Error) => void) {
    this.#isZstd = settings.compression === "zstd";
    const options = streamOptions(settings, maxBlockBytes);
    this.#stream = this.#isZstd ? createZstdCompress(options) : createDeflate(options);
    this.#stream.on("data", (piece: Buffer) => this.#pieces.push(piece));
    this.#stream.on("error", onError);
  }

  /** Compresses a block, whose bytes must stay as they are until it is received. One at a time. */
  compress(block: Uint8Array, receive: BlockReceiver): void {
    this.#stream.write(block, (error) => {
      if (error) return; // told by the stream's event
      const pieces = this.#pieces;
      this.#pieces = [];
      if (this.#isZstd) dropEmptyFrame(pieces);
      else (this.#stream as Deflate).reset(); // not zstd, so it is what createDeflate made
      receive(
        pieces,
        pieces.reduce((sum, piece) => sum + piece.length, 0),
      );
    });
  }

  close(): void {
    this.#stream.destroy();
  }
}

/** Bytes of a zstd frame that says it holds nothing. */
const emptyFrameBytes = 9;

/**
 * When a frame fills a piece of output to its last byte, the stream asks zstd for more, and zstd answers with a frame
 * that holds nothing.
 */
function dropEmptyFrame(pieces: Uint8Array[]): void {
  if (pieces.length < 2 || pieces.at(-1)?.length !== emptyFrameBytes) return;
  const bytes = Buffer.concat(pieces);
  if (frameSizeBytes(bytes) < bytes.length) pieces.pop();
}
