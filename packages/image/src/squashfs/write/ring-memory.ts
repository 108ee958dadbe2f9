import type { BlockCompression } from "./block-codec.ts";

/**
 * The memory that the writer shares with its workers: a ring of block slots and the counters that order them.
 *
 * Job N uses slot N mod `slotCount`. The writer fills slots and raises `produced`; workers raise `claimed` and leave
 * the compressed block in the slot itself, where it always fits; the writer takes finished jobs in order.
 */
export interface RingMemory {
  readonly slotCount: number;
  readonly blockSizeBytes: number;
  readonly blockCompression: BlockCompression;
  /** Counters, see {@link counters}. */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Uncompressed bytes of each slot's job. */
  readonly inputBytes: Int32Array<SharedArrayBuffer>;
  /** Size field of each slot's finished job, or {@link PENDING}. */
  readonly results: Int32Array<SharedArrayBuffer>;
  /** The slots, one after the other. */
  readonly blocks: Uint8Array<SharedArrayBuffer>;
}

/** Places in `control`. */
export const counters = {
  /** Jobs that workers may take. */
  produced: 0,
  /** Jobs that workers have taken. */
  claimed: 1,
  /** 1 when no more jobs come. */
  closed: 2,
  /** One more than the job whose end the writer wants to be told; 0 for none. */
  awaited: 3,
  /** Workers that wait for jobs, or are about to. */
  sleeping: 4,
} as const;

/** A result that is not there yet. */
export const PENDING = -1;

/** Slots for about `memoryBytes`, at least 16. */
export function createRingMemory(
  blockSizeBytes: number,
  blockCompression: BlockCompression,
  memoryBytes: number,
): RingMemory {
  const slotCount = Math.min(1024, Math.max(16, Math.floor(memoryBytes / blockSizeBytes)));
  return {
    slotCount,
    blockSizeBytes,
    blockCompression,
    control: new Int32Array(new SharedArrayBuffer(5 * Int32Array.BYTES_PER_ELEMENT)),
    inputBytes: new Int32Array(new SharedArrayBuffer(slotCount * Int32Array.BYTES_PER_ELEMENT)),
    results: new Int32Array(new SharedArrayBuffer(slotCount * Int32Array.BYTES_PER_ELEMENT)).fill(PENDING),
    blocks: new Uint8Array(new SharedArrayBuffer(slotCount * blockSizeBytes)),
  };
}
