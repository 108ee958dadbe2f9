import { AppError } from "@repo2singularity/base";
import type { EntryContent } from "../tree/entry.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { paddedSize } from "./layout.ts";
import { holesOf, type SparseMap } from "./sparse-map.ts";

const zeros = new Uint8Array(65_536);

/** The content of one entry in an archive; hands out the source's own memory. */
export class ArchivedContent {
  readonly #source: ChunkReader;
  readonly #sizeBytes: number;
  readonly #what: string;
  #unread: number;
  #isOpened = false;

  /** @param sizeBytes stored bytes, without the padding */
  constructor(source: ChunkReader, sizeBytes: number, path: string) {
    this.#source = source;
    this.#sizeBytes = sizeBytes;
    this.#unread = sizeBytes;
    this.#what = `the content of ${path}`;
  }

  /** As an entry carries it; a sparse file's holes become zeros. */
  content(map: SparseMap | undefined): EntryContent {
    if (map === undefined) return { stream: () => this.#open(this.#stored(this.#sizeBytes)) };
    return { stream: () => this.#open(this.#expanded(map)), holes: holesOf(map) };
  }

  /** Passes over what the consumer left unread, and the padding. */
  async finish(): Promise<void> {
    await this.#source.skip(this.#unread + paddedSize(this.#sizeBytes) - this.#sizeBytes, this.#what);
    this.#unread = -1;
  }

  #open(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    if (this.#isOpened || this.#unread < 0) {
      throw new AppError("E_INTERNAL", `${this.#what} was asked for twice or after the next entry`);
    }
    this.#isOpened = true;
    return chunks;
  }

  async *#stored(sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    let missing = sizeBytes;
    while (missing > 0) {
      const piece = await this.#source.takeSome(missing);
      if (piece === undefined) throw this.#source.truncated(this.#what, missing);
      missing -= piece.length;
      this.#unread -= piece.length;
      yield piece;
    }
  }

  async *#expanded(map: SparseMap): AsyncGenerator<Uint8Array, void, undefined> {
    let at = 0;
    for (const segment of map.segments) {
      yield* zeroChunks(segment.offset - at);
      yield* this.#stored(segment.length);
      at = segment.offset + segment.length;
    }
    yield* zeroChunks(map.realSize - at);
  }
}

function* zeroChunks(sizeBytes: number): Generator<Uint8Array, void, undefined> {
  for (let missing = sizeBytes; missing > 0; missing -= zeros.length) {
    yield missing < zeros.length ? zeros.subarray(0, missing) : zeros;
  }
}
