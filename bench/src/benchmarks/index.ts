import type { Benchmark } from "../benchmark.ts";
import { chainCold } from "./chain-cold.ts";
import { chainConvert } from "./chain-convert.ts";
import { chainEdit } from "./chain-edit.ts";
import { cliBenchmark } from "./cli.ts";
import { coldBenchmark } from "./cold.ts";
import { convert } from "./convert.ts";
import { deltaBenchmark } from "./delta.ts";
import { doorLoadBenchmark } from "./door-load.ts";
import { dockerfileBenchmark } from "./dockerfile.ts";
import { editBenchmark } from "./edit.ts";
import { knownBenchmark } from "./known.ts";
import { packGzip } from "./pack-gzip.ts";
import { packZstd } from "./pack-zstd.ts";
import { planBenchmark } from "./plan.ts";
import { registry10k } from "./registry-10k.ts";
import { start } from "./start.ts";
import { storeHundred } from "./store-100.ts";
import { streamBenchmark } from "./stream.ts";
import { transferBenchmark } from "./transfer.ts";

/** Every benchmark, in the order they run; each lives in a file of its own name beside this one. */
export const benchmarks: readonly Benchmark[] = [
  packZstd,
  packGzip,
  convert,
  editBenchmark,
  coldBenchmark,
  knownBenchmark,
  start,
  cliBenchmark,
  planBenchmark,
  dockerfileBenchmark,
  chainConvert,
  chainEdit,
  chainCold,
  storeHundred,
  deltaBenchmark,
  streamBenchmark,
  transferBenchmark,
  doorLoadBenchmark,
  registry10k,
];
