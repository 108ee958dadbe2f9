import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { timeApptainerBuild } from "../fixtures/chain.ts";
import { ensureDockerArchive } from "../fixtures/docker-archive.ts";
import { commitFiles, makeRepository, notebook } from "../fixtures/git-repository.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { interleave } from "../measure/interleaved.ts";
import { runTimed } from "../measure/timed-process.ts";

const minimalTreeBytes = 1_000_000_000;

/** One notebook edited in a repository whose image has more than 1 GB. */
export const editBenchmark: Benchmark = {
  name: "edit",
  title: "one notebook edited on an image of ≥ 1 GB: commit to finished SIF",
  run: async (context) => {
    await context.ensureApptainer();
    const repository = await makeRepository(join(context.scratchDir, "large"), {
      "requirements.txt": "numpy\npandas\nmatplotlib\nscipy\nscikit-learn\n",
      "apt.txt": "build-essential\ngfortran\nr-base-core\n",
      "index.ipynb": notebook("first"),
    });
    const cacheDir = join(context.scratchDir, "cache");
    const build = { repository, image: "large", cacheDir };
    await timeBuild(context, build);
    const image = join(context.scratchDir, "large.sif");
    const archive = await archiveOf(context, image);
    let edits = 0;
    const series = await interleave(
      {
        ours: async () => {
          await commitFiles(repository, { "index.ipynb": notebook(`edit ${++edits}`) });
          return (await timeBuild(context, build)).wallSeconds;
        },
        copy: async () => (await runTimed("cp", [image, `${image}.copy`])).wallSeconds,
      },
      { rounds: Math.max(context.rounds, 5), warmups: 1 },
    );
    const ours = series.ours.median;
    const chain = await timeApptainerBuild(context, archive);
    return [
      lessIsBetter({
        name: "edit",
        peer: "cp of the SIF",
        ours,
        theirs: series.copy.median,
        unit: "s",
        goalRatio: 1 / 3,
        goal: "≤ 3× the time",
      }),
      lessIsBetter({
        name: "edit",
        peer: "apptainer build of the equal image",
        ours,
        theirs: chain,
        unit: "s",
        goalRatio: 100,
      }),
    ];
  },
};

/** The image as a docker archive, which is what the usual chain hands to apptainer. */
async function archiveOf(context: BenchContext, image: string): Promise<string> {
  const tree = join(context.scratchDir, "tree");
  const layer = join(context.scratchDir, "layer.tar");
  const archive = join(context.scratchDir, "image.tar");
  await runTimed(join(context.repositoryRoot, "bin/repo2singularity"), ["image", "unpack", image, tree]);
  await runTimed("tar", ["-C", tree, "--owner=0", "--group=0", "-cf", layer, "."]);
  const { size } = await stat(layer);
  if (size < minimalTreeBytes) throw new Error(`the image's tree has ${size} bytes, expected at least 1 GB`);
  await ensureDockerArchive(layer, archive);
  return archive;
}
