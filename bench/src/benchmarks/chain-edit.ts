import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { openDockerChain } from "../fixtures/docker-chain.ts";
import { commitFiles, notebook } from "../fixtures/git-repository.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { makeScienceRepository } from "../fixtures/science-repository.ts";
import { interleave } from "../measure/interleaved.ts";

/** One round of the peer takes minutes; more rounds than this would not change what is said. */
const maximalRounds = 2;

/** One notebook edited after everything was built: from the commit to the finished SIF. */
export const chainEdit: Benchmark = {
  name: "chain-edit",
  title: "one notebook edited: commit to finished SIF, against the real chain",
  run: async (context) => {
    const repository = await makeScienceRepository(context);
    const build = { repository, image: "ours", cacheDir: join(context.scratchDir, "cache") };
    await timeBuild(context, build);
    await using chain = await openDockerChain(context);
    await chain.build(); // its SIF is made anew whatever was edited: nothing of an earlier one is used
    let edits = 0;
    const edit = (folder: string): Promise<void> => commitFiles(folder, { "index.ipynb": notebook(`edit ${++edits}`) });
    const { ours, theirs } = await interleave(
      {
        ours: async () => {
          await edit(repository);
          return (await timeBuild(context, build)).wallSeconds;
        },
        theirs: async () => {
          await edit(chain.repository);
          return (await chain.build()) + (await chain.convert());
        },
      },
      { rounds: Math.min(maximalRounds, context.rounds) },
    );
    const figures = { ours: ours.median, theirs: theirs.median, unit: "s" };
    return [lessIsBetter({ name: "chain-edit", peer: chain.peer, ...figures, goalRatio: 100 })];
  },
};
