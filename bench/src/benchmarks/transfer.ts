import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, type BenchRow, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { ourProgram, startOurRegistry } from "../fixtures/our-registry.ts";
import { interleave, type Series } from "../measure/interleaved.ts";
import { nodeFlags } from "../measure/node-flags.ts";
import { runTimed } from "../measure/timed-process.ts";

/** A SIF of a root tree of more than 1 GB that is pushed to and pulled from one server of ours, whole. */
export const transferBenchmark: Benchmark = {
  name: "transfer",
  title: "push and pull of a large image on loopback, same server, against apptainer by oras and library",
  run: async (context) => {
    const version = await context.ensureApptainer();
    const image = join(context.scratchDir, "large.sif");
    const convert = join(context.repositoryRoot, "bench/src/programs/convert-image.ts");
    const archive = `docker-archive:${await context.rootTreeDockerArchive()}`;
    await runTimed(process.execPath, [...nodeFlags, convert, archive, image]);
    return [...(await measurePushes(context, image, version)), ...(await measurePulls(context, image, version))];
  },
};

/** In the collection of the account that the first start of a registry makes. */
const repository = "admin/tools/large";

/** Every push goes to a registry that is empty. */
async function measurePushes(context: BenchContext, image: string, version: string): Promise<readonly BenchRow[]> {
  let count = 0;
  const push = async (
    command: string,
    words: readonly string[],
    reference: (host: string) => string,
  ): Promise<number> => {
    await using registry = await startOurRegistry(context, `push-${count++}`);
    const { env, host } = registry;
    return (await runTimed(command, ["push", ...words, image, reference(host)], { env })).wallSeconds;
  };
  const byOras = (host: string): string => `oras://${host}/${repository}:1`;
  const series = await interleave(
    {
      ours: () => push(ourProgram(context), [], byOras),
      oras: () => push("apptainer", [], byOras),
      library: () => push("apptainer", ["-U"], () => `library://${repository}:1`),
    },
    { rounds: context.rounds },
  );
  return rowsOf("push", series, { version, goalRatio: 1.2 });
}

async function measurePulls(context: BenchContext, image: string, version: string): Promise<readonly BenchRow[]> {
  await using registry = await startOurRegistry(context, "pull");
  const { env, host } = registry;
  const oras = `oras://${host}/${repository}:1`;
  await runTimed(ourProgram(context), ["push", image, oras], { env });
  const out = join(context.scratchDir, "pulled.sif");
  const cache = join(context.scratchDir, "apptainer-cache");
  const pull = async (command: string, words: readonly string[]): Promise<number> => {
    const { wallSeconds } = await runTimed(command, ["pull", ...words], { env: { ...env, APPTAINER_CACHEDIR: cache } });
    await rm(out);
    await rm(cache, { recursive: true, force: true });
    return wallSeconds;
  };
  const library = `library://${repository}:1`;
  const series = await interleave(
    {
      ours: () => pull(ourProgram(context), ["--whole", "-o", out, oras]),
      oras: () => pull("apptainer", ["--disable-cache", out, oras]),
      library: () => pull("apptainer", [out, library]),
      unchecked: () => pull("apptainer", ["--disable-cache", out, library]),
    },
    { rounds: context.rounds, warmups: 1 },
  );
  const { ours, unchecked } = series;
  return [
    ...rowsOf("pull", series, { version, goalRatio: 1.5 }),
    lessIsBetter({
      name: "pull",
      peer: `apptainer pull ${version} by library, without cache and without checking the digest`,
      ours: ours.median,
      theirs: unchecked.median,
      unit: "s",
      goalRatio: 1.5,
    }),
  ];
}

function rowsOf(
  verb: "push" | "pull",
  series: Readonly<Record<"ours" | "oras" | "library", Series>>,
  { version, goalRatio }: { readonly version: string; readonly goalRatio: number },
): readonly BenchRow[] {
  const ours = series.ours.median;
  return (["oras", "library"] as const).map((scheme) => {
    const peer = `apptainer ${verb} ${version} by ${scheme}`;
    return lessIsBetter({ name: verb, peer, ours, theirs: series[scheme].median, unit: "s", goalRatio });
  });
}
