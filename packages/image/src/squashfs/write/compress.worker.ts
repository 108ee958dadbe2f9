import { parentPort, workerData } from "node:worker_threads";
import { DATA_STORED_FLAG } from "../layout.ts";
import { compressBlock } from "./block-codec.ts";
import { PENDING, counters, type RingMemory } from "./ring-memory.ts";

/** A thread that compresses blocks of the ring until it is closed. */
function run(ring: RingMemory): void {
  const { control } = ring;
  for (;;) {
    const produced = Atomics.load(control, counters.produced);
    const claimed = Atomics.load(control, counters.claimed);
    if (claimed === produced) {
      if (Atomics.load(control, counters.closed) === 1) return;
      Atomics.add(control, counters.sleeping, 1);
      Atomics.wait(control, counters.produced, produced);
      Atomics.sub(control, counters.sleeping, 1);
    } else if (Atomics.compareExchange(control, counters.claimed, claimed, claimed + 1) === claimed) {
      finishJob(ring, claimed);
    }
  }
}

function finishJob(ring: RingMemory, job: number): void {
  const slot = job % ring.slotCount;
  if (Atomics.load(ring.results, slot) === PENDING) {
    const start = slot * ring.blockSizeBytes;
    const size = Atomics.load(ring.inputBytes, slot);
    const compressed = compressBlock(ring.blocks.subarray(start, start + size), ring.blockCompression);
    if (compressed !== undefined) ring.blocks.set(compressed, start);
    Atomics.store(ring.results, slot, compressed?.length ?? size | DATA_STORED_FLAG);
  }
  if (Atomics.load(ring.control, counters.awaited) !== job + 1) return;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not of a window
  parentPort?.postMessage(job);
}

run(workerData as RingMemory); // what BlockRing starts this thread with
