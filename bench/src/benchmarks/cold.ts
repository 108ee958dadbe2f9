import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { timeChain } from "../fixtures/chain.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { makeScienceRepository } from "../fixtures/science-repository.ts";

/** A first build on a machine that has the base and nothing else. */
export const coldBenchmark: Benchmark = {
  name: "cold",
  title: "requirements.txt with numpy, pandas, matplotlib: base cached, everything else empty",
  run: async (context) => {
    const repository = await makeScienceRepository(context);
    const build = await timeBuild(context, { repository, image: "cold", cacheDir: join(context.scratchDir, "cache") });
    const ours = build.wallSeconds - (build.phaseSeconds["base"] ?? 0);
    const chain = await timeChain(context, ["jupyterlab", "notebook", "numpy", "pandas", "matplotlib"]);
    return [
      lessIsBetter({
        name: "cold",
        peer: "pip install in a fresh venv + apptainer build",
        ours,
        theirs: chain.install + chain.build,
        unit: "s",
        goalRatio: 8,
      }),
    ];
  },
};
