import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, lessIsBetter } from "../benchmark.ts";
import { ensurePipJupyter } from "../fixtures/pip-jupyter.ts";
import { interleave } from "../measure/interleaved.ts";
import { timeToAnswer } from "../measure/time-to-answer.ts";
import { runTimed } from "../measure/timed-process.ts";

/**
 * How long a user waits for Jupyter Lab: from `apptainer exec` to the first 200, warm page cache, no token so that
 * the page itself answers. The peer has the same versions of the same packages.
 */
export const start: Benchmark = {
  name: "start",
  title: "apptainer exec of an image to Jupyter Lab's first 200",
  run: async (context) => {
    await context.ensureApptainer();
    const repository = join(context.scratchDir, "hello");
    await mkdir(repository);
    await writeFile(join(repository, "requirements.txt"), "");
    const program = join(context.repositoryRoot, "bin/repo2singularity");
    await runTimed(program, ["--force", "--image-name", "start", repository], { cwd: context.scratchDir });
    const ours = join(context.scratchDir, "start.sif");
    const freeze =
      "import importlib.metadata as m; print(*sorted({f'{d.name}=={d.version}' for d in m.distributions()}), sep='\\n')";
    const { stdout } = await runTimed("apptainer", [...exec, ours, "/srv/jupyter/bin/python", "-I", "-c", freeze]);
    const theirs = await ensurePipJupyter(context, stdout.trim().split("\n"));
    const series = await interleave(
      {
        ours: () => timeToAnswer(lab(ours, "jupyter"), "/lab"),
        theirs: () => timeToAnswer(lab(theirs, "/opt/jupyter/bin/jupyter"), "/lab"),
      },
      { rounds: context.rounds, warmups: 1 },
    );
    return [
      lessIsBetter({
        name: "start",
        peer: "the same packages by pip, apptainer build",
        ours: series.ours.median,
        theirs: series.theirs.median,
        unit: "s",
        goalRatio: 1 / 0.45,
        goal: "≤ 0.45× the time",
      }),
    ];
  },
};

/** Also right for root in a container, who has not all capabilities. */
const exec = ["--quiet", "exec", "--userns"];

function lab(image: string, jupyter: string): (port: number) => readonly string[] {
  const options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token="];
  return (port) => ["apptainer", ...exec, image, jupyter, "lab", ...options, `--port=${port}`];
}
