import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { lessIsBetter, type Benchmark, type BenchRow } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { interleave } from "../measure/interleaved.ts";
import { nodeFlags } from "../measure/node-flags.ts";
import { runTimed, type TimedProcess } from "../measure/timed-process.ts";

const zstdArguments = "-comp zstd -Xcompression-level 3";
/** One round of the peer takes minutes; more rounds than this would not change what is said. */
const maximalRounds = 2;

/** A docker archive of a root tree to a SIF, against `apptainer build` with its defaults and with zstd. */
export const convert: Benchmark = {
  name: "convert",
  title: "a docker archive of a root tree to a SIF",
  async run(context) {
    const version = await context.ensureApptainer();
    const archive = await context.rootTreeDockerArchive();
    const peaks: number[] = [];
    const ours = async (): Promise<number> => {
      const run = await convertWithUs(context, archive);
      peaks.push(run.peakRssBytes);
      return run.wallSeconds;
    };
    const seconds = await interleave(
      {
        ours,
        defaults: () => buildWithApptainer(context, archive, []),
        zstd: () => buildWithApptainer(context, archive, ["--mksquashfs-args", zstdArguments]),
      },
      { rounds: Math.min(maximalRounds, context.rounds) },
    );
    const row = (name: string, peer: string, theirs: number, goalRatio: number): BenchRow =>
      lessIsBetter({ name, peer, ours: seconds.ours.median, theirs, unit: "s", goalRatio });
    const peer = `apptainer build ${version}`;
    context.log(`convert: our peak memory ${Math.round(Math.max(...peaks) / 2 ** 20)} MiB`);
    return [
      row("convert defaults", peer, seconds.defaults.median, 25),
      row("convert zstd", `${peer} ${zstdArguments}`, seconds.zstd.median, 13),
    ];
  },
};

async function convertWithUs(context: BenchContext, archive: string): Promise<TimedProcess> {
  const out = join(context.scratchDir, "ours.sif");
  const program = join(context.repositoryRoot, "bench/src/programs/convert-image.ts");
  const run = await runTimed(process.execPath, [...nodeFlags, program, `docker-archive:${archive}`, out]);
  await checkAndRemove(out);
  return run;
}

/** Each round begins with an empty cache, as the first conversion of an image does. */
async function buildWithApptainer(context: BenchContext, archive: string, flags: readonly string[]): Promise<number> {
  const out = join(context.scratchDir, "theirs.sif");
  const work = join(context.scratchDir, "apptainer");
  await mkdir(work);
  const env = { APPTAINER_CACHEDIR: join(work, "cache"), APPTAINER_TMPDIR: work };
  const { wallSeconds } = await runTimed("apptainer", ["build", ...flags, out, `docker-archive:${archive}`], { env });
  await checkAndRemove(out);
  await rm(work, { recursive: true, force: true });
  return wallSeconds;
}

async function checkAndRemove(path: string): Promise<void> {
  const { size } = await stat(path);
  if (size < 2 ** 20) throw new Error(`${path}: has ${size} bytes, which is no image`);
  await rm(path);
}
