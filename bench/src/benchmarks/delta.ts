import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { commitFiles, makeRepository, notebook } from "../fixtures/git-repository.ts";
import { startOurRegistry } from "../fixtures/our-registry.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { runTimed } from "../measure/timed-process.ts";

/** What a pull moves after one notebook was edited. */
export const deltaBenchmark: Benchmark = {
  name: "delta",
  title: "bytes moved by the pull that follows the edit of a notebook, against the whole image",
  run: async (context) => {
    const files = { "requirements.txt": "numpy\npandas\nmatplotlib\n", "index.ipynb": notebook("first") };
    const repository = await makeRepository(join(context.scratchDir, "delta"), files);
    const build = { repository, image: "delta", cacheDir: join(context.scratchDir, "cache") };
    const image = join(context.scratchDir, "delta.sif");
    await using registry = await startOurRegistry(context, "delta");
    const reference = `oras://${registry.host}/bench/delta:latest`;
    const program = join(context.repositoryRoot, "bin/repo2singularity");
    let movedBytes = 0;
    for (const edit of ["first", "second"]) {
      await commitFiles(repository, { "index.ipynb": notebook(`${edit} edit`) });
      await timeBuild(context, build);
      const push = ["push", image, reference, "--cache-dir", build.cacheDir];
      await runTimed(program, push, { env: registry.env });
      movedBytes = await pullBytes(context, reference, registry.env);
    }
    const mebibytes = (bytes: number): number => bytes / 2 ** 20;
    return [
      lessIsBetter({
        name: "delta",
        peer: "the whole SIF",
        ours: mebibytes(movedBytes),
        theirs: mebibytes((await stat(image)).size),
        unit: "MiB",
        goalRatio: 100,
        goal: "≤ 0.01",
      }),
    ];
  },
};

/** Pulls as a user does, who keeps layers from pull to pull. @returns bytes that came over the network */
async function pullBytes(
  { repositoryRoot, scratchDir }: BenchContext,
  reference: string,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const program = join(repositoryRoot, "bin/repo2singularity");
  const words = ["pull", "--json", reference, "--force", "-o", join(scratchDir, "pulled.sif")];
  const { stdout } = await runTimed(program, words, { env });
  const { fetchedBytes } = JSON.parse(stdout) as { fetchedBytes: number }; // as the program prints it
  return fetchedBytes;
}
