import { parentPort, workerData } from "node:worker_threads";
import { mutateBytes, randomFrom } from "./mutate-bytes.ts";
import { Cage, readEverything } from "./read-everything.ts";
import type { SeedFile } from "./seed-files.ts";

/** What a worker is started with. */
export interface MutationWork {
  readonly seeds: readonly SeedFile[];
  readonly from: number;
  readonly to: number;
  readonly randomSeed: number;
  readonly cageFolder: string;
  /** Holds the number of the file that is being read, so that the starter sees a hang. */
  readonly current: Int32Array;
}

/** What a worker says of a file whose reading went wrong, and at the end. */
export type MutationMessage =
  | { readonly kind: "failure"; readonly index: number; readonly problem: string }
  | { readonly kind: "done"; readonly outcomes: ReadonlyMap<string, number> };

// the starter passes exactly this
const work = workerData as MutationWork;
const cage = new Cage(work.cageFolder);
const outcomes = new Map<string, number>();
for (let index = work.from; index < work.to; index += 1) {
  Atomics.store(work.current, 0, index);
  const seed = work.seeds[index % work.seeds.length];
  if (seed === undefined) break;
  try {
    const bytes = mutateBytes(seed.bytes, randomFrom(work.randomSeed + index));
    const outcome = `${seed.kind} ${await readEverything(seed.kind, bytes, cage)}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    const problem = `${seed.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    tell({ kind: "failure", index, problem });
  }
}
tell({ kind: "done", outcomes });

function tell(message: MutationMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
  parentPort?.postMessage(message);
}
