import { DATA_STORED_FLAG } from "../layout.ts";
import type { BlockCompression } from "./block-codec.ts";
import { BlockCompressor } from "./block-compressor.ts";

/** Who wants to know where a block came to lie. */
export interface BlockOwner {
  /**
   * @param index the block's number as it was staged
   * @param address bytes from the start of the image
   * @param sizeField stored bytes, with `DATA_STORED_FLAG` when not compressed
   */
  blockWritten(index: number, address: number, sizeField: number): void;
}

/** Takes the finished blocks, in the order they were staged. @returns the address it wrote the block to */
export type BlockWriter = (pieces: readonly Uint8Array[]) => number;

/** How a {@link BlockQueue} works. */
export interface BlockQueueOptions {
  readonly blockSizeBytes: number;
  readonly blockCompression: BlockCompression;
  /** Blocks that are compressed at the same time, at least 1. */
  readonly compressorCount: number;
  /** Of blocks that wait to be compressed or for their turn; there is always room for 16. */
  readonly memoryBytes: number;
}

interface Job {
  readonly owner: BlockOwner;
  readonly index: number;
  readonly block: Uint8Array;
  /** The block as it is to be stored, once it is known. */
  result: { readonly pieces: readonly Uint8Array[]; readonly sizeField: number } | undefined;
}

/**
 * Compresses several blocks at a time and hands them on in order, whatever order they end in.
 *
 * A block is filled in place ({@link slot}), staged, and published to the compressors; what is staged and not published
 * can be dropped again. Memory: the slots, the compressed blocks that wait for their turn, and a compressor for each
 * block that there was to compress at the same time.
 */
export class BlockQueue {
  readonly slotCount: number;
  readonly #options: BlockQueueOptions;
  readonly #memory: Buffer;
  readonly #write: BlockWriter;
  readonly #jobs: (Job | undefined)[];
  readonly #idle: BlockCompressor[] = [];
  readonly #compressors: BlockCompressor[] = [];
  #staged = 0;
  #published = 0;
  #claimed = 0;
  #written = 0;
  #wake: (() => void) | undefined;
  #failure: unknown;

  constructor(options: BlockQueueOptions, write: BlockWriter) {
    const { blockSizeBytes, memoryBytes } = options;
    this.slotCount = Math.min(1024, Math.max(16, Math.floor(memoryBytes / blockSizeBytes)));
    this.#options = options;
    this.#memory = Buffer.allocUnsafeSlow(this.slotCount * blockSizeBytes);
    this.#write = write;
    this.#jobs = Array.from({ length: this.slotCount });
  }

  /** Whether a block can be staged without waiting. */
  get hasRoom(): boolean {
    return this.#staged - this.#written < this.slotCount;
  }

  /** Waits until a block can be staged. */
  async makeRoom(): Promise<void> {
    while (!this.hasRoom) await this.#nextWritten();
  }

  /** The memory of the next block to stage; there must be room. */
  slot(): Uint8Array {
    const start = (this.#staged % this.slotCount) * this.#options.blockSizeBytes;
    return this.#memory.subarray(start, start + this.#options.blockSizeBytes);
  }

  /**
   * Puts the block in {@link slot} in line.
   * @param sizeBytes of its content
   * @param finishedSizeField when the slot holds a block as an image stores it
   */
  stage(sizeBytes: number, owner: BlockOwner, index: number, finishedSizeField?: number): void {
    const block = this.slot().subarray(0, sizeBytes);
    const result = finishedSizeField === undefined ? undefined : { pieces: [block], sizeField: finishedSizeField };
    this.#jobs[this.#staged % this.slotCount] = { owner, index, block, result };
    this.#staged++;
  }

  /** Lets the compressors have what is staged. */
  publish(): void {
    this.#published = this.#staged;
    this.#compressWaiting();
  }

  /** Drops what is staged and not published. */
  unstage(): void {
    this.#staged = this.#published;
  }

  /** Waits until everything published is written. */
  async drain(): Promise<void> {
    while (this.#written < this.#published) await this.#nextWritten();
  }

  /** Ends the compressors; blocks that are not written are lost. */
  close(): void {
    for (const compressor of this.#compressors) compressor.close();
  }

  #compressWaiting(): void {
    while (this.#claimed < this.#published) {
      const job = this.#jobs[this.#claimed % this.slotCount];
      if (job?.result === undefined) {
        const compressor = this.#idle.pop() ?? this.#tryAddCompressor();
        if (compressor === undefined) break;
        if (job !== undefined) this.#compress(job, compressor);
      }
      this.#claimed++;
    }
    this.#writeFinished();
  }

  #tryAddCompressor(): BlockCompressor | undefined {
    const { blockCompression, blockSizeBytes, compressorCount } = this.#options;
    if (this.#compressors.length >= compressorCount) return undefined;
    const compressor = new BlockCompressor(blockCompression, blockSizeBytes, (error) => {
      this.#failure ??= error;
      this.#wake?.();
    });
    this.#compressors.push(compressor);
    return compressor;
  }

  #compress(job: Job, compressor: BlockCompressor): void {
    const { block } = job;
    compressor.compress(block, (pieces, sizeBytes) => {
      const isSmaller = sizeBytes < block.length;
      job.result = isSmaller
        ? { pieces, sizeField: sizeBytes }
        : { pieces: [block], sizeField: block.length | DATA_STORED_FLAG };
      this.#idle.push(compressor);
      this.#compressWaiting();
    });
  }

  async #nextWritten(): Promise<void> {
    if (this.#failure === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #writeFinished(): void {
    const before = this.#written;
    while (this.#written < this.#published) {
      const slot = this.#written % this.slotCount;
      const job = this.#jobs[slot];
      if (job?.result === undefined) break;
      const address = this.#write(job.result.pieces);
      job.owner.blockWritten(job.index, address, job.result.sizeField);
      this.#jobs[slot] = undefined;
      this.#written++;
    }
    if (this.#written > before) this.#wake?.();
  }
}
