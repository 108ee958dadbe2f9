import { AppError } from "@repo2singularity/base";
import type { EntryContent, Hole } from "../tree/entry.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { paddedSize } from "./layout.ts";
import { holesOf, type SparseMap } from "./sparse-map.ts";

const zeros = new Uint8Array(65_536);

/** The content of one entry in an archive; hands out the source's own memory. */
export class ArchivedContent implements EntryContent {
  /** Left out where there are none, as in every {@link EntryContent}. */
  declare readonly holes?: readonly Hole[];
  readonly #map: SparseMap | undefined;
  readonly #source: ChunkReader;
  readonly #sizeBytes: number;
  readonly #path: string;
  #unread: number;
  #isOpened = false;

  /**
   * @param sizeBytes stored bytes, without the padding
   * @param map of a sparse file, whose holes become zeros
   */
  constructor(source: ChunkReader, sizeBytes: number, path: string, map?: SparseMap) {
    this.#source = source;
    this.#sizeBytes = sizeBytes;
    this.#unread = sizeBytes;
    this.#path = path;
    this.#map = map;
    if (map !== undefined) this.holes = holesOf(map);
  }

  stream(): AsyncIterable<Uint8Array> {
    this.#open();
    return this.#map === undefined ? this.#stored(this.#sizeBytes) : this.#expanded(this.#map);
  }

  tryTake(): Uint8Array | undefined {
    if (this.#map !== undefined || this.#isOpened || this.#unread < 0) return undefined;
    const bytes = this.#source.tryTake(this.#sizeBytes);
    if (bytes === undefined) return undefined;
    this.#open();
    this.#unread = 0;
    return bytes;
  }

  /** Passes over what the consumer left unread, and the padding. @returns false when that must be waited for */
  tryFinish(): boolean {
    const isDone = this.#source.tryTake(this.#restBytes) !== undefined;
    if (isDone) this.#unread = -1;
    return isDone;
  }

  /** As {@link tryFinish}, and waits for the source. */
  async finish(): Promise<void> {
    await this.#source.skip(this.#restBytes, this.#what);
    this.#unread = -1;
  }

  get #restBytes(): number {
    return this.#unread + paddedSize(this.#sizeBytes) - this.#sizeBytes;
  }

  get #what(): string {
    return `the content of ${this.#path}`;
  }

  #open(): void {
    if (this.#isOpened || this.#unread < 0) {
      throw new AppError("E_INTERNAL", `${this.#what} was asked for twice or after the next entry`);
    }
    this.#isOpened = true;
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
