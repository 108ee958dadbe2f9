import { Worker } from "node:worker_threads";
import { DATA_SIZE_MASK } from "../layout.ts";
import { PENDING, counters, type RingMemory } from "./ring-memory.ts";

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
export type BlockWriter = (block: Uint8Array) => number;

interface Job {
  readonly owner: BlockOwner;
  readonly index: number;
}

/**
 * Compresses blocks on worker threads and hands them on in order, whatever order the threads end in.
 *
 * A block is filled in place ({@link slot}), staged, and published to the threads; what is staged and not published
 * can be dropped again. Memory: the ring, and what the threads' compressors hold.
 */
export class BlockRing {
  readonly slotCount: number;
  readonly #ring: RingMemory;
  readonly #workers: readonly Worker[];
  readonly #write: BlockWriter;
  readonly #jobs: (Job | undefined)[];
  #staged = 0;
  #published = 0;
  #written = 0;
  #wake: (() => void) | undefined;
  #failure: unknown;

  constructor(ring: RingMemory, workerCount: number, write: BlockWriter) {
    this.slotCount = ring.slotCount;
    this.#ring = ring;
    this.#write = write;
    this.#jobs = Array.from({ length: ring.slotCount });
    this.#workers = Array.from({ length: workerCount }, () => this.#startWorker());
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./compress.worker.ts", import.meta.url), {
      workerData: this.#ring,
      resourceLimits: { maxYoungGenerationSizeMb: 1 }, // a thread makes next to no objects
    });
    worker.on("message", () => this.#wake?.());
    worker.on("error", (error) => {
      this.#failure ??= error;
      this.#wake?.();
    });
    return worker;
  }

  /** Whether a block can be staged without waiting. */
  get hasRoom(): boolean {
    return this.#staged - this.#written < this.slotCount;
  }

  /** Waits until a block can be staged. */
  async makeRoom(): Promise<void> {
    while (!this.hasRoom) await this.#writeSome();
  }

  /** The memory of the next block to stage; there must be room. */
  slot(): Uint8Array {
    const start = (this.#staged % this.slotCount) * this.#ring.blockSizeBytes;
    return this.#ring.blocks.subarray(start, start + this.#ring.blockSizeBytes);
  }

  /**
   * Puts the block in {@link slot} in line.
   * @param sizeBytes of its content
   * @param finished the size field, when the slot holds a block as an image stores it
   */
  stage(sizeBytes: number, owner: BlockOwner, index: number, finished: number = PENDING): void {
    const slot = this.#staged % this.slotCount;
    this.#jobs[slot] = { owner, index };
    Atomics.store(this.#ring.inputBytes, slot, sizeBytes);
    Atomics.store(this.#ring.results, slot, finished);
    this.#staged++;
  }

  /** Lets the threads have what is staged. */
  publish(): void {
    const count = this.#staged - this.#published;
    if (count === 0) return;
    this.#published = this.#staged;
    Atomics.store(this.#ring.control, counters.produced, this.#published);
    const isOneAsleep = Atomics.load(this.#ring.control, counters.sleeping) > 0;
    if (isOneAsleep) Atomics.notify(this.#ring.control, counters.produced, count); // more would find nothing to do
    if (this.#published - this.#written > this.slotCount / 2) this.#writeFinished();
  }

  /** Drops what is staged and not published. */
  unstage(): void {
    this.#staged = this.#published;
  }

  /** Waits until everything published is written. */
  async drain(): Promise<void> {
    while (this.#written < this.#published) await this.#writeSome();
  }

  /** Ends the threads; blocks that are not written are lost. */
  async close(): Promise<void> {
    Atomics.store(this.#ring.control, counters.closed, 1);
    Atomics.notify(this.#ring.control, counters.produced);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Writes what is finished; waits for more when nothing is. */
  async #writeSome(): Promise<void> {
    if (this.#writeFinished()) return;
    const { control, results } = this.#ring;
    // being woken for every single block would cost more than it gives
    const target = Math.min(this.#written + Math.ceil(this.slotCount / 8), this.#published) - 1;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      Atomics.store(control, counters.awaited, target + 1);
      const isFinished = Atomics.load(results, target % this.slotCount) !== PENDING;
      if (isFinished || this.#failure !== undefined) setImmediate(resolve);
    });
    this.#wake = undefined;
    Atomics.store(control, counters.awaited, 0);
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#writeFinished() && this.#written < this.#published) await new Promise(setImmediate);
  }

  #writeFinished(): boolean {
    const before = this.#written;
    while (this.#written < this.#published) {
      const slot = this.#written % this.slotCount;
      const sizeField = Atomics.load(this.#ring.results, slot);
      const job = this.#jobs[slot];
      if (sizeField === PENDING || job === undefined) break;
      const start = slot * this.#ring.blockSizeBytes;
      const address = this.#write(this.#ring.blocks.subarray(start, start + (sizeField & DATA_SIZE_MASK)));
      job.owner.blockWritten(job.index, address, sizeField);
      this.#jobs[slot] = undefined;
      this.#written++;
    }
    return this.#written > before;
  }
}
