import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { makePlanRepositories } from "../fixtures/plan-shapes.ts";
import { ensureVenv } from "../fixtures/python-venv.ts";
import { interleave } from "../measure/interleaved.ts";
import { nodeFlags } from "../measure/node-flags.ts";
import { runTimed } from "../measure/timed-process.ts";

const manyCount = 1_000;
/** The peer plans one repository a process: it is measured with some of them, one of each kind. */
const sampleCount = 8;

/** Planning repositories, one a process and many in one. */
export const planBenchmark: Benchmark = {
  name: "plan",
  title: "planning a repository as a process, and 1,000 in one process, against jupyter-repo2docker --no-build",
  run: async (context) => {
    const peer = join(await ensureVenv(context, "repo2docker", ["jupyter-repo2docker"]), "jupyter-repo2docker");
    const repositories = await makePlanRepositories(join(context.scratchDir, "many"), manyCount);
    const sample = repositories.slice(0, sampleCount);
    const ours = join(context.repositoryRoot, "bin/repo2singularity");
    const cache = ["--cache-dir", join(context.scratchDir, "cache")];
    const series = await interleave(
      {
        ours: () => meanOf(context, sample, ours, ["plan", "--format", "dockerfile", ...cache]),
        theirs: () => meanOf(context, sample, peer, ["--no-build", "--user-id", "1000", "--user-name", "jovyan"]),
        many: () => planMany(context, repositories),
      },
      { rounds: context.rounds, warmups: 1 },
    );
    const figures = { peer: "jupyter-repo2docker --no-build, a process each", theirs: series.theirs.median, unit: "s" };
    return [
      lessIsBetter({ ...figures, name: "plan process", ours: series.ours.median, goalRatio: 3 }),
      lessIsBetter({ ...figures, name: "plan each of 1,000", ours: series.many.median / manyCount, goalRatio: 100 }),
    ];
  },
};

/** Seconds that a program takes for one repository, a process each. */
async function meanOf(
  { scratchDir, log }: BenchContext,
  repositories: readonly string[],
  program: string,
  args: readonly string[],
): Promise<number> {
  let seconds = 0;
  for (const repository of repositories) {
    seconds += (await runTimed(program, [...args, repository], { cwd: scratchDir })).wallSeconds;
  }
  const mean = seconds / repositories.length;
  log(`${program.slice(program.lastIndexOf("/") + 1)}: ${mean.toFixed(3)} s a repository`);
  return mean;
}

async function planMany({ repositoryRoot, log }: BenchContext, repositories: readonly string[]): Promise<number> {
  const program = join(repositoryRoot, "bench/src/programs/plan-many.ts");
  const { wallSeconds } = await runTimed(process.execPath, [...nodeFlags, program, ...repositories]);
  log(`${repositories.length} repositories in one process: ${wallSeconds.toFixed(2)} s`);
  return wallSeconds;
}
