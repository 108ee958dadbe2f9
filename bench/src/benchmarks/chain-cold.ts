import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { openDockerChain } from "../fixtures/docker-chain.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { makeScienceRepository } from "../fixtures/science-repository.ts";

/** A first build, both sides with their base and nothing else. One round, whatever is asked: a second is not the first. */
export const chainCold: Benchmark = {
  name: "chain-cold",
  title: "jupyterlab, notebook, numpy, pandas, matplotlib: base cached, everything else empty, against the real chain",
  run: async (context) => {
    const repository = await makeScienceRepository(context);
    const cacheDir = join(context.scratchDir, "cache");
    const build = await timeBuild(context, { repository, image: "ours", cacheDir });
    const ours = build.wallSeconds - (build.phaseSeconds["base"] ?? 0);
    context.log(`ours: ${ours.toFixed(1)} s`);
    await using chain = await openDockerChain(context);
    const theirs = (await chain.build()) + (await chain.convert());
    return [lessIsBetter({ name: "chain-cold", peer: chain.peer, ours, theirs, unit: "s", goalRatio: 8 })];
  },
};
