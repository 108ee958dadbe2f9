import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { makeSeedFiles, type SeedFile } from "./seed-files.ts";
import type { MutationMessage, MutationWork } from "./mutation.worker.ts";

/** What to try. */
export interface MutationOptions {
  /** Mutated files, over all formats. */
  readonly count: number;
  /** The first file's seed; the same one gives the same files. */
  readonly randomSeed: number;
  /** A folder for the files. */
  readonly scratch: string;
  /** A file that takes longer has hung. */
  readonly timeLimitMs: number;
}

/** What came out. */
export interface MutationResult {
  /** How many files ended how: "squashfs E_SQUASHFS_INVALID". */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Crashes without a code, hangs, escapes, each with the number of its file. */
  readonly failures: readonly string[];
  readonly mostMemoryBytes: number;
}

const MOST_FAILURES = 20;
const WORKER_HEAP_MB = 512;
const POLL_MS = 200;

/** Reads damaged files of every format in a worker thread and watches what becomes of it. */
export async function runMutations(options: MutationOptions): Promise<MutationResult> {
  const scratch = mkdtempSync(join(options.scratch, "mutate-"));
  try {
    return await watchWorkers(options, await makeSeedFiles(scratch), scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function watchWorkers(
  options: MutationOptions,
  seeds: readonly SeedFile[],
  scratch: string,
): Promise<MutationResult> {
  const outcomes = new Map<string, number>();
  const failures: string[] = [];
  let mostMemoryBytes = 0;
  let from = 0;
  while (from < options.count && failures.length < MOST_FAILURES) {
    const current = new Int32Array(new SharedArrayBuffer(4));
    current[0] = from;
    const cageFolder = join(scratch, `cage-${from}`);
    const work: MutationWork = { seeds, from, to: options.count, randomSeed: options.randomSeed, cageFolder, current };
    const end = await watchWorker(work, options.timeLimitMs, {
      onMemory: (bytes) => (mostMemoryBytes = Math.max(mostMemoryBytes, bytes)),
      onFailure: (failure) => failures.push(failure),
      onOutcomes: (found) => {
        for (const [name, count] of found) outcomes.set(name, (outcomes.get(name) ?? 0) + count);
      },
    });
    if (end === undefined) break;
    failures.push(`file ${Atomics.load(current, 0)}: ${end}`);
    from = Atomics.load(current, 0) + 1;
  }
  return { outcomes, failures, mostMemoryBytes };
}

interface WorkerEvents {
  onMemory(bytes: number): void;
  onFailure(failure: string): void;
  onOutcomes(outcomes: ReadonlyMap<string, number>): void;
}

/** Runs one worker. @returns why it ended early, `undefined` when it did all files */
async function watchWorker(work: MutationWork, timeLimitMs: number, events: WorkerEvents): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const worker = new Worker(new URL("mutation.worker.ts", import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
  });
  let watched = { index: -1, sinceMs: performance.now() };
  const timer = setInterval(() => {
    events.onMemory(process.memoryUsage.rss());
    const index = Atomics.load(work.current, 0);
    if (index !== watched.index) watched = { index, sinceMs: performance.now() };
    else if (performance.now() - watched.sinceMs > timeLimitMs) resolve(`no end after ${timeLimitMs} ms`);
  }, POLL_MS);
  worker.on("message", (message: MutationMessage) => {
    if (message.kind === "failure") events.onFailure(`file ${message.index}: ${message.problem}`);
    else events.onOutcomes(message.outcomes);
    if (message.kind === "done") resolve(undefined);
  });
  worker.on("error", (error) => resolve(`the thread crashed: ${String(error)}`));
  worker.on("exit", (code) => resolve(code === 0 ? undefined : `the thread ended with ${code}`));
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}
