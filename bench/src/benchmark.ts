import type { BenchContext } from "./context.ts";

/** One line of the result: our figure beside the peer's, from the same run on the same machine. */
export interface BenchRow {
  /** The benchmark and what is varied in it, such as `pack-zstd 128K time`. */
  readonly name: string;
  /** The program, with its settings, that ours is compared with. */
  readonly peer: string;
  readonly ours: number;
  readonly theirs: number;
  /** Unit of both figures: `s`, `MiB`, … */
  readonly unit: string;
  /** How often ours is better than theirs; `theirs / ours` where less is better. Always: more is better. */
  readonly ratio: number;
  /** The goal for the ratio as people read it, such as `≥ 1.3`. */
  readonly goal: string;
  readonly met: boolean;
}

/** A comparison of one thing the program does with the best peer for it. */
export interface Benchmark {
  /** Name on the command line. */
  readonly name: string;
  /** What is measured, as one line for people. */
  readonly title: string;
  /** Prepares, measures and answers its rows; throws when it cannot run here, with the reason. */
  run(context: BenchContext): Promise<readonly BenchRow[]>;
}

/** The figures of a row before its ratio is known. */
export interface Comparison {
  readonly name: string;
  readonly peer: string;
  readonly ours: number;
  readonly theirs: number;
  readonly unit: string;
  /** Smallest ratio that counts as met. */
  readonly goalRatio: number;
  /** The goal in words when it was set the other way round, such as `≤ 0.45× the time`. */
  readonly goal?: string;
}

/** A row for figures of which the smaller is better (times, sizes, memory). */
export function lessIsBetter(comparison: Comparison): BenchRow {
  return rowOf(comparison, comparison.theirs / comparison.ours);
}

/** A row for figures of which the larger is better (throughput). */
export function moreIsBetter(comparison: Comparison): BenchRow {
  return rowOf(comparison, comparison.ours / comparison.theirs);
}

function rowOf(comparison: Comparison, ratio: number): BenchRow {
  const { name, peer, ours, theirs, unit, goalRatio, goal } = comparison;
  return { name, peer, ours, theirs, unit, ratio, goal: goal ?? `≥ ${goalRatio}`, met: ratio >= goalRatio };
}
