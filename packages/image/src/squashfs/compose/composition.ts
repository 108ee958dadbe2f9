import { AppError } from "@repo2singularity/base";
import type { RandomAccess } from "../../access/random-access.ts";
import type { ByteSource } from "../../files/byte-source.ts";

/** One stretch of a composed image. */
export interface CompositionPiece {
  /** Bytes from the composed image's start. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Made bytes (header, tables), or a stretch of a layer that is copied as it is. */
  readonly source:
    | { readonly kind: "bytes"; readonly bytes: Uint8Array }
    /** `layer` counts from the bottom, from 0; `offset` is bytes from the layer's start. */
    | { readonly kind: "layer"; readonly layer: number; readonly access: RandomAccess; readonly offset: number };
}

/** Small enough that what was read is still in the processor's cache when it is written: 1 MiB costs half as much again. */
const CHUNK_BYTES = 262_144;

/**
 * An image composed of layers that is not written anywhere: a plan of stretches, of which any range can be read.
 *
 * It is a source for SIF partitions and HTTP ranges, and can be opened as an image by `openSquashfsFrom`.
 * The layers must stay open while it is used; they stay open when it is closed.
 */
export class Composition implements ByteSource, RandomAccess {
  readonly label = "the composed image";
  readonly sizeBytes: number;
  readonly inodeCount: number;
  /** In order, without gaps, from 0 to `sizeBytes`. */
  readonly pieces: readonly CompositionPiece[];
  /** What is worth telling a user: layers that had to be recoded, and why. */
  readonly notes: readonly string[];
  readonly #release: () => Promise<void>;

  constructor(parts: {
    readonly pieces: readonly CompositionPiece[];
    readonly inodeCount: number;
    readonly notes: readonly string[];
    /** Called once the composition is closed. */
    readonly release: () => Promise<void>;
  }) {
    this.pieces = parts.pieces;
    this.inodeCount = parts.inodeCount;
    this.notes = parts.notes;
    this.#release = parts.release;
    const last = parts.pieces.at(-1);
    this.sizeBytes = last === undefined ? 0 : last.offset + last.sizeBytes;
  }

  /**
   * Streams a range of the image.
   * Memory: two chunks of 256 KiB; the next one is read while the caller has the first.
   * @param offset bytes from the start
   * @param length bytes; the range must lie inside the image
   * @returns chunks in order, each valid until the next one is asked for
   * @throws E_SQUASHFS_TRUNCATED when a layer became shorter since it was opened
   */
  async *read(offset: number, length: number): AsyncGenerator<Uint8Array, void, undefined> {
    const end = Math.min(offset + length, this.sizeBytes);
    const chunkBytes = Math.min(CHUNK_BYTES, Math.max(0, end - offset));
    const buffers = [Buffer.allocUnsafeSlow(chunkBytes), Buffer.allocUnsafeSlow(chunkBytes)];
    const start = (position: number, turn: number): Promise<Uint8Array> | undefined => {
      const buffer = buffers[turn % 2]?.subarray(0, Math.max(0, end - position));
      if (buffer === undefined || buffer.length === 0) return undefined;
      const filled = this.readInto(buffer, position).then(() => buffer);
      filled.catch(() => undefined); // thrown when its turn comes; a caller that stops early never asks for it
      return filled;
    };
    let pending = start(offset, 0);
    for (let position = offset, turn = 1; pending !== undefined; turn += 1) {
      const chunk: Uint8Array = await pending;
      position += chunk.length;
      pending = start(position, turn);
      yield chunk;
    }
  }

  /** Fills a buffer from any position; see `RandomAccess`. */
  async readInto(target: Uint8Array, offset: number): Promise<number> {
    let filled = 0;
    for (let index = this.#pieceAt(offset); filled < target.length; index += 1) {
      const piece = this.pieces[index];
      if (piece === undefined) break;
      const inside = offset + filled - piece.offset;
      const part = target.subarray(filled, filled + piece.sizeBytes - inside);
      await fillFrom(piece, part, inside);
      filled += part.length;
    }
    return filled;
  }

  /** Removes what recoding left in the scratch folder; the layers stay open. */
  close(): Promise<void> {
    return this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#release();
  }

  /** The number of the piece that holds a position. */
  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = this.pieces[middle];
      if (piece !== undefined && piece.offset + piece.sizeBytes <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

async function fillFrom(piece: CompositionPiece, target: Uint8Array, inside: number): Promise<void> {
  const { source } = piece;
  if (source.kind === "bytes") {
    target.set(source.bytes.subarray(inside, inside + target.length));
    return;
  }
  const found = await source.access.readInto(target, source.offset + inside);
  if (found === target.length) return;
  throw new AppError(
    "E_SQUASHFS_TRUNCATED",
    `${source.access.label}: the layer became shorter while it was read: ${target.length} bytes expected ` +
      `at ${source.offset + inside}, ${found} found`,
  );
}
