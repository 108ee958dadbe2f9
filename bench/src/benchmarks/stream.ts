import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { makeScienceRepository } from "../fixtures/science-repository.ts";
import { type OurRegistry, startOurRegistry } from "../fixtures/our-registry.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { interleave } from "../measure/interleaved.ts";
import { runTimed } from "../measure/timed-process.ts";

const rangeCount = 1000;
const rangeBytes = 2 ** 16;

/** An image that is made while it is read, against the same image as a file, by the same server. */
export const streamBenchmark: Benchmark = {
  name: "stream",
  title: "an image composed while it is streamed, whole and in 1,000 random ranges, against the stored file",
  run: async (context) => {
    const cacheDir = join(context.scratchDir, "cache");
    await timeBuild(context, { repository: await makeScienceRepository(context), image: "stream", cacheDir });
    const image = join(context.scratchDir, "stream.sif");
    await using composed = await startOurRegistry(context, "composed");
    await using stored = await startOurRegistry(context, "stored");
    const program = join(context.repositoryRoot, "bin/repo2singularity");
    const push = async (registry: OurRegistry, cache: string): Promise<string> => {
      const words = ["push", "--json", image, `oras://${registry.host}/bench/stream:1`, "--cache-dir", cache];
      const { stdout } = await runTimed(program, words, { env: registry.env });
      const { digest } = JSON.parse(stdout) as { digest: string }; // as the program prints it
      return `${registry.url}/v2/bench/stream/blobs/${digest}`;
    };
    const [ours, theirs] = [await push(composed, cacheDir), await push(stored, join(context.scratchDir, "no-layers"))];
    const { size } = await stat(image);
    if ((await composed.storedBytes()) > 1.1 * size || (await stored.storedBytes()) < size) {
      throw new Error("one registry should have the layers alone, the other the image");
    }
    const rounds = { rounds: Math.max(context.rounds, 3), warmups: 1 };
    const whole = await interleave({ ours: () => readWhole(ours), theirs: () => readWhole(theirs) }, rounds);
    const starts = randomStarts(size);
    const ranges = await interleave(
      { ours: () => readRanges(ours, starts), theirs: () => readRanges(theirs, starts) },
      rounds,
    );
    const row = { peer: "the stored file", unit: "s" };
    return [
      lessIsBetter({
        ...row,
        name: "stream whole",
        ours: whole.ours.median,
        theirs: whole.theirs.median,
        goalRatio: 0.8,
      }),
      lessIsBetter({
        ...row,
        name: "stream ranges",
        ours: ranges.ours.median,
        theirs: ranges.theirs.median,
        goalRatio: 0.5,
      }),
    ];
  },
};

async function readWhole(url: string): Promise<number> {
  return (await runTimed("curl", ["-sf", "-o", "/dev/null", url])).wallSeconds;
}

/** The same places in every round. */
function randomStarts(size: number): readonly number[] {
  let state = 20261122;
  return Array.from({ length: rangeCount }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * (size - rangeBytes));
  });
}

async function readRanges(url: string, starts: readonly number[]): Promise<number> {
  const begin = performance.now();
  for (const start of starts) {
    const answer = await fetch(url, { headers: { range: `bytes=${start}-${start + rangeBytes - 1}` } });
    const bytes = await answer.arrayBuffer();
    if (answer.status !== 206 || bytes.byteLength !== rangeBytes) throw new Error(`${url}: a range of another size`);
  }
  return (performance.now() - begin) / 1000;
}
