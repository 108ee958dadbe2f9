import { join } from "node:path";
import { type Benchmark, type BenchRow, lessIsBetter } from "../benchmark.ts";
import { makeRepository } from "../fixtures/git-repository.ts";
import { ensureVenv } from "../fixtures/python-venv.ts";
import { interleave } from "../measure/interleaved.ts";
import { runTimed } from "../measure/timed-process.ts";

/** How fast the command line answers. */
export const cliBenchmark: Benchmark = {
  name: "cli",
  title: "--help, and the plan of a small repository, against jupyter-repo2docker",
  run: async (context) => {
    const peer = join(await ensureVenv(context, "repo2docker", ["jupyter-repo2docker"]), "jupyter-repo2docker");
    const ours = join(context.repositoryRoot, "bin/repo2singularity");
    const repository = await makeRepository(join(context.scratchDir, "small"), { "requirements.txt": "numpy\n" });
    const seconds = async (command: string, args: readonly string[]): Promise<number> =>
      (await runTimed(command, args, { cwd: context.scratchDir })).wallSeconds;
    const compare = async (name: string, goalRatio: number, our: string[], their: string[]): Promise<BenchRow> => {
      const series = await interleave(
        { ours: () => seconds(ours, our), theirs: () => seconds(peer, their) },
        { rounds: Math.max(context.rounds, 5), warmups: 1 },
      );
      const peerName = `jupyter-repo2docker ${their[0] ?? ""}`;
      return lessIsBetter({
        name,
        peer: peerName,
        ours: series.ours.median,
        theirs: series.theirs.median,
        unit: "s",
        goalRatio,
      });
    };
    const dryRun = ["--no-build", "--user-id", "1000", "--user-name", "jovyan", repository];
    return [
      await compare("cli --help", 5, ["--help"], ["--help"]),
      await compare("cli plan", 3, ["plan", repository], dryRun),
    ];
  },
};
