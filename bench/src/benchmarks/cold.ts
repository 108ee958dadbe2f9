import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { timeChain } from "../fixtures/chain.ts";
import { makeRepository, notebook } from "../fixtures/git-repository.ts";
import { timeBuild } from "../fixtures/our-program.ts";

/** A first build on a machine that has the base and nothing else. */
export const coldBenchmark: Benchmark = {
  name: "cold",
  title: "requirements.txt with numpy, pandas, matplotlib: base cached, everything else empty",
  run: async (context) => {
    const repository = await makeRepository(join(context.scratchDir, "science"), {
      "requirements.txt": "numpy\npandas\nmatplotlib\n",
      "index.ipynb": notebook("first"),
    });
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
