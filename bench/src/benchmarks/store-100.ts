import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { makeRepository, notebook } from "../fixtures/git-repository.ts";
import { startOurRegistry } from "../fixtures/our-registry.ts";
import { timeBuild } from "../fixtures/our-program.ts";
import { runTimed } from "../measure/timed-process.ts";

/** Ten small packages, one for each ten repositories. */
const packages = "attrs click idna packaging pyyaml six tabulate toml typing-extensions wrapt".split(" ");
const repositoriesOfEach = 10;

/** What a registry stores of a hundred environments that share their base. */
export const storeHundred: Benchmark = {
  name: "store-100",
  title: "stored bytes of 100 environments on one base (ten sets of packages, ten repositories each)",
  run: async (context) => {
    const cacheDir = join(context.scratchDir, "cache");
    const image = join(context.scratchDir, "store.sif");
    const program = join(context.repositoryRoot, "bin/repo2singularity");
    await using registry = await startOurRegistry(context, "store");
    let plainBytes = 0;
    for (const name of packages) {
      for (let index = 0; index < repositoriesOfEach; index += 1) {
        const files = { "requirements.txt": `${name}\n`, "index.ipynb": notebook(`${name} ${index}`) };
        const repository = await makeRepository(join(context.scratchDir, `${name}-${index}`), files);
        await timeBuild(context, { repository, image: "store", cacheDir });
        plainBytes += (await stat(image)).size;
        const reference = `oras://${registry.host}/bench/${name}-${index}:1`;
        await runTimed(program, ["push", image, reference, "--cache-dir", cacheDir], { env: registry.env });
      }
      context.log(`store-100: the repositories with ${name} are in the registry`);
    }
    const ours = (await registry.storedBytes()) / 2 ** 20;
    const theirs = plainBytes / 2 ** 20;
    const row = { name: "store-100", peer: "one plain SIF each", ours, theirs, unit: "MiB" };
    return [lessIsBetter({ ...row, goalRatio: 10, goal: "≤ 0.1" })];
  },
};
