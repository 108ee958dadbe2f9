import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, type BenchRow, lessIsBetter } from "../benchmark.ts";
import { openDockerChain } from "../fixtures/docker-chain.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { interleave } from "../measure/interleaved.ts";

const zstdArguments = "-comp zstd -Xcompression-level 3";
/** One round of the peer takes minutes; more rounds than this would not change what is said. */
const maximalRounds = 2;

/** From a docker image that repo2docker built to a SIF: `--builder repo2docker` without what repo2docker takes. */
export const chainConvert: Benchmark = {
  name: "chain-convert",
  title: "--builder repo2docker against the chain's own apptainer build, of one docker image",
  run: async (context) => {
    await using chain = await openDockerChain(context);
    await chain.build();
    const ours = async (): Promise<number> => {
      const cacheDir = join(context.scratchDir, "cache"); // empty: nothing was compressed before
      const words = ["--builder", "repo2docker"];
      const options = { repository: chain.repository, image: "ours", cacheDir, words, env: chain.env };
      const build = await timeBuild(context, options);
      await rm(cacheDir, { recursive: true });
      const seconds = build.wallSeconds - (build.phaseSeconds["repo2docker"] ?? 0);
      context.log(`ours: ${seconds.toFixed(1)} s`);
      return seconds;
    };
    const seconds = await interleave(
      { ours, defaults: () => chain.convert(), zstd: () => chain.convert(["--mksquashfs-args", zstdArguments]) },
      { rounds: Math.min(maximalRounds, context.rounds) },
    );
    const row = (name: string, flags: string, theirs: number, goalRatio: number): BenchRow =>
      lessIsBetter({ name, peer: `apptainer build${flags}`, ours: seconds.ours.median, theirs, unit: "s", goalRatio });
    return [
      row("chain-convert defaults", "", seconds.defaults.median, 20),
      row("chain-convert zstd", ` ${zstdArguments}`, seconds.zstd.median, 10),
    ];
  },
};
