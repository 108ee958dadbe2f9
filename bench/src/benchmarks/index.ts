import type { Benchmark } from "../benchmark.ts";

/** Every benchmark, in the order they run; each lives in a file of its own name beside this one. */
export const benchmarks: readonly Benchmark[] = [];
