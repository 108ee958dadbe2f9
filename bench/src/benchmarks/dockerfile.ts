import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, type BenchRow, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { ensureDockerArchive } from "../fixtures/docker-archive.ts";
import { knownPrograms } from "../machine/debian-packages.ts";
import { ensureDocker } from "../machine/docker.ts";
import { startDockerDaemon } from "@repo2singularity/testkit/docker";
import { interleave } from "../measure/interleaved.ts";
import { runTimed } from "../measure/timed-process.ts";

const stepCount = 12;

/** Which step an edit changes, counted from 1. */
const edits = { last: stepCount, middle: stepCount / 2, first: 1 } as const;

/** A Dockerfile of twelve steps, of which one is edited; from the edit to the finished SIF. */
export const dockerfileBenchmark: Benchmark = {
  name: "dockerfile",
  title: "a Dockerfile of 12 steps, edited in its last, middle and first line: to the finished SIF",
  run: async (context) => {
    const version = await context.ensureApptainer();
    await context.ensurePrograms([knownPrograms.mmdebstrap]);
    await ensureDocker(context.log);
    const { layer, archive } = await ensureBase(context);
    await using daemon = await startDockerDaemon(join(context.scratchDir, "docker"));
    const env = { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "1" };
    await runTimed("docker", ["import", layer, "bench-base:1"], { env });
    const sides = await makeSides(context, archive, env);
    await sides.ours();
    await sides.theirs();
    const rows: BenchRow[] = [];
    for (const [name, step] of Object.entries(edits)) {
      const { ours, theirs } = await interleave(
        { ours: () => sides.ours(step), theirs: () => sides.theirs(step) },
        { rounds: context.rounds },
      );
      rows.push(
        lessIsBetter({
          name: `dockerfile ${name} line`,
          peer: `docker build (BuildKit of ${daemon.version}) + apptainer build ${version}`,
          ours: ours.median,
          theirs: theirs.median,
          unit: "s",
          goalRatio: 5,
        }),
      );
    }
    return rows;
  },
};

/** A minimal Debian as a tar and as a docker archive, made once. */
async function ensureBase({
  cacheDir,
  log,
}: BenchContext): Promise<{ readonly layer: string; readonly archive: string }> {
  const layer = join(cacheDir, "dockerfile-base.tar");
  const archive = join(cacheDir, "dockerfile-base.docker.tar");
  if ((await stat(layer).catch(() => undefined)) === undefined) {
    log("making a minimal Debian with mmdebstrap: takes a minute, once");
    await runTimed("mmdebstrap", ["--variant=minbase", "--include=python3", "bookworm", layer]);
  }
  await ensureDockerArchive(layer, archive);
  return { layer, archive };
}

/** Both sides build the same Dockerfile; each call changes one step of it first. */
async function makeSides(
  context: BenchContext,
  archive: string,
  env: Readonly<Record<string, string>>,
): Promise<Readonly<Record<"ours" | "theirs", (step?: number) => Promise<number>>>> {
  const program = join(context.repositoryRoot, "bin/repo2singularity");
  const cache = join(context.scratchDir, "cache");
  const shared = ["--cache-dir", cache, "--force", "--build-context", `bench-base:1=docker-archive:${archive}`];
  const folders = { ours: join(context.scratchDir, "ours"), theirs: join(context.scratchDir, "theirs") };
  const write = { ours: createWriter(folders.ours), theirs: createWriter(folders.theirs) };
  for (const folder of Object.values(folders)) {
    await mkdir(folder);
    await writeFile(join(folder, "data.txt"), "data\n".repeat(10_000));
  }
  const image = join(context.scratchDir, "theirs.sif");
  return {
    ours: async (step) => {
      await write.ours(step);
      const run = await runTimed(program, [...shared, "--image-name", "ours-image", folders.ours], {
        cwd: context.scratchDir,
      });
      return run.wallSeconds;
    },
    theirs: async (step) => {
      await write.theirs(step);
      const build = await runTimed("docker", ["build", "--network=host", "-q", "-t", "bench:1", folders.theirs], {
        env,
      });
      const convert = await runTimed("apptainer", ["build", "--force", image, "docker-daemon:bench:1"], {
        env: {
          ...env,
          APPTAINER_TMPDIR: context.scratchDir,
          APPTAINER_CACHEDIR: join(context.scratchDir, "apptainer"),
        },
      });
      return build.wallSeconds + convert.wallSeconds;
    },
  };
}

/** Writes a Dockerfile whose steps carry a number each, and raises that of one step. */
function createWriter(folder: string): (step?: number) => Promise<void> {
  const edited = new Map<number, number>();
  return async (step) => {
    if (step !== undefined) edited.set(step, (edited.get(step) ?? 0) + 1);
    const lines = Array.from({ length: stepCount }, (_, index) => instruction(index + 1, edited.get(index + 1) ?? 0));
    await writeFile(join(folder, "Dockerfile"), `FROM bench-base:1\nCOPY data.txt /data/\n${lines.join("\n")}\n`);
  };
}

/** Some work of python and 2 MB of files a step. */
function instruction(step: number, edit: number): string {
  const code = `import os; os.makedirs("/opt/s${step}"); [open(f"/opt/s${step}/{i}","w").write(f"${edit} {i} "*2000) for i in range(100)]`;
  return `RUN python3 -c '${code}'`;
}
