import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { makeRepository, notebook } from "../fixtures/git-repository.ts";
import { timeBuild } from "../fixtures/our-program.ts";

/** New repositories made of packages that this machine has seen before. */
export const knownBenchmark: Benchmark = {
  name: "known",
  title: "a second repository with other pins, then one with a subset seen before, against the first build",
  run: async (context) => {
    const cacheDir = join(context.scratchDir, "cache");
    const seconds = async (name: string, requirements: string): Promise<number> => {
      const files = { "requirements.txt": requirements, "index.ipynb": notebook(name) };
      const repository = await makeRepository(join(context.scratchDir, name), files);
      const build = await timeBuild(context, { repository, image: name, cacheDir });
      return build.wallSeconds - (build.phaseSeconds["base"] ?? 0);
    };
    const cold = await seconds("first", "numpy\npandas\nmatplotlib\n");
    const otherPins = await seconds("second", "numpy<2.3\npandas<2.3\nmatplotlib<3.10\n");
    const subset = await seconds("third", "numpy\npandas\n");
    const row = { peer: "our first build (cold)", theirs: cold, unit: "s" };
    return [
      lessIsBetter({ ...row, name: "known other pins", ours: otherPins, goalRatio: 1 }),
      lessIsBetter({ ...row, name: "known subset", ours: subset, goalRatio: 6 }),
    ];
  },
};
