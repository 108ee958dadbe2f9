import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { uuidFromContent, writeSif } from "@repo2singularity/image";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { makeDockerRegistry, startDockerRegistry } from "../fixtures/docker-registry.ts";
import { ourProgram, startOurRegistry } from "../fixtures/our-registry.ts";
import { interleave, seriesOf } from "../measure/interleaved.ts";
import { readResidentMemory, resetPeak } from "../measure/server-memory.ts";
import { runTimed } from "../measure/timed-process.ts";

const clientCount = 200;
const contentBytes = 32 * 2 ** 20;
const mebibyte = 2 ** 20;
/** "Flat": a third of a mebibyte for each client, whatever the size of the image. */
const growthLimitBytes = 64 * mebibyte;

/** Many clients that pull an image which was just pushed. */
export const doorLoadBenchmark: Benchmark = {
  name: "door-load",
  title: `${clientCount} clients pull one new image of ${contentBytes / mebibyte} MiB at once, and what that costs the server in memory`,
  run: async (context) => {
    const image = await makeImage(context);
    const docker = await makeDockerRegistry(context, "load");
    const servers = {
      ours: () => startOurRegistry(context, "load"),
      theirs: () => startDockerRegistry(docker),
    };
    const growth: Record<"ours" | "theirs", number[]> = { ours: [], theirs: [] };
    let round = 0;
    const run = async (side: "ours" | "theirs"): Promise<number> => {
      const name = `bench/load-${round++}`;
      await push(context, image, await servers[side](), name);
      // as it is after a start: what the push took is not the pulls'
      await using server = await servers[side]();
      const { nowBytes: idleBytes } = await readResidentMemory(server.pid);
      await resetPeak(server.pid);
      const seconds = await pullMany(context, `${server.url}/v2/${name}/`);
      growth[side].push((await readResidentMemory(server.pid)).peakBytes - idleBytes);
      return seconds;
    };
    const sides = { ours: () => run("ours"), theirs: () => run("theirs") };
    const seconds = await interleave(sides, { rounds: Math.max(context.rounds, 3) });
    const grown = (side: "ours" | "theirs"): number => seriesOf(growth[side]).median / mebibyte;
    context.log(`memory: docker-registry grew by ${grown("theirs").toFixed(0)} MiB`);
    return [
      lessIsBetter({
        name: "door-load",
        peer: "docker-registry",
        ours: seconds.ours.median,
        theirs: seconds.theirs.median,
        unit: "s",
        goalRatio: 1,
      }),
      lessIsBetter({
        name: "door-load memory",
        peer: `flat: ${growthLimitBytes / mebibyte} MiB more than idle`,
        ours: grown("ours"),
        theirs: growthLimitBytes / mebibyte,
        unit: "MiB",
        goalRatio: 1,
      }),
    ];
  },
};

async function makeImage({ scratchDir }: BenchContext): Promise<string> {
  const path = join(scratchDir, "load.sif");
  const partition = { kind: "data", fileSystem: "raw", architecture: "amd64" } as const;
  await writeSif(path, {
    uuid: uuidFromContent("0".repeat(64)),
    createdSeconds: 0,
    architecture: "amd64",
    objects: [{ kind: { type: "partition", partition }, content: randomBytes(contentBytes) }],
  });
  return path;
}

async function push(
  context: BenchContext,
  image: string,
  server: AsyncDisposable & { readonly host: string; readonly env?: Readonly<Record<string, string>> },
  name: string,
): Promise<void> {
  await using registry = server;
  const { host, env = {} } = registry;
  await runTimed(ourProgram(context), ["push", image, `oras://${host}/${name}:1`], { env });
}

/** @param repository URL of a repository, with a slash at its end @returns seconds until all have it */
async function pullMany({ repositoryRoot }: BenchContext, repository: string): Promise<number> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${repository}manifests/1`, { headers: { accept } });
  // the manifest that was pushed above
  const { layers } = (await answer.json()) as { layers: Array<{ digest: string; size: number }> };
  const [{ digest, size } = { digest: "", size: 0 }] = layers;
  const program = join(repositoryRoot, "bench/src/programs/pull-many.ts");
  const words = [program, `${repository}blobs/${digest}`, `${clientCount}`, `${size}`];
  return (await runTimed(process.execPath, words)).wallSeconds;
}
