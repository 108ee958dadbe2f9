import path from "node:path";
import { AppError, redactUrl } from "@repo2singularity/base";
import {
  buildImage,
  type BuildOutput,
  type BuildRequest,
  type BuildResult,
  PhaseReporter,
  readPackageLock,
} from "@repo2singularity/build/pipeline";
import type { PackageLock } from "@repo2singularity/contracts";
import { containerRequest, splitRepositoryFile } from "../container-flags.ts";
import { askedWishes } from "../build-choices.ts";
import { readSecrets } from "../secret-flags.ts";
import { openBuildDependencies } from "../build-dependencies.ts";
import type { HostIo } from "../host-io.ts";
import type { BuildFlags } from "../options.ts";
import { openEventRenderer } from "../output/event-renderer.ts";
import { hostPlatform, openCheckout, openWorkbench } from "../workbench.ts";
import type { Checkout } from "@repo2singularity/source";

/**
 * The main command: builds the image of a repository, then runs it when asked.
 * @returns the exit status: that of the session with `--run`
 */
export async function build(repo: string, command: readonly string[], flags: BuildFlags, io: HostIo): Promise<number> {
  if (command.length > 0 && flags.run !== true) {
    throw new AppError("E_USAGE", `"${command.join(" ")}" is to be run, but --run is not given`, { hint: "add --run" });
  }
  const result = await makeImage(repo, flags, io);
  if (flags.run === true) {
    const { run } = await import("./run.ts");
    return run(result.path, command, flags, io, result);
  }
  const name = path.relative(io.cwd, result.path);
  io.stdout.write(`${name}\n`);
  const place = name.includes("/") ? name : `./${name}`;
  if (flags.sandbox === undefined && flags.jsonLogs !== true) {
    io.stderr.write(`Run it with: repo2singularity --run ${repo}\n         or: apptainer run ${place}\n`);
  }
  return 0;
}

/** Builds the image, or fetches it from where it was built. */
async function makeImage(
  repo: string,
  flags: BuildFlags,
  io: HostIo,
): Promise<Pick<BuildResult, "path" | "command" | "labels">> {
  if (flags.pull === true || flags.remote === true) {
    const { fetchInsteadOfBuild } = await import("./build-elsewhere.ts");
    return fetchInsteadOfBuild(repo, flags, io);
  }
  const named = await splitRepositoryFile(repo, flags, io);
  if (flags.push !== true) return buildOnly(named.repo, named.flags, io);
  const { checkPushWish, pushBuilt } = await import("./build-elsewhere.ts");
  checkPushWish(named.repo, named.flags, io);
  const result = await buildOnly(named.repo, named.flags, io);
  await pushBuilt(result.path, named.repo, named.flags, io);
  return result;
}

/** Builds the image of a repository, shows how it goes, and says nothing of what to do with it. */
export async function buildOnly(repo: string, flags: BuildFlags, io: HostIo): Promise<BuildResult> {
  await using bench = await openWorkbench(flags, io);
  const renderer = await openEventRenderer(flags, io);
  try {
    const phases = new PhaseReporter(renderer.sink, Date.now);
    const checkout = await phases.run("fetch", `Repository ${redactUrl(repo)}`, async (phase) => {
      const report = {
        onLine: (line: string) => phase.log(line),
        onNotice: (text: string) => phases.notice(text),
        onBytes: (doneBytes: number) => phase.progress(doneBytes),
      };
      const found = await openCheckout(repo, flags, bench, io, report);
      phase.detail = found.commit?.slice(0, 12) ?? found.revision;
      return found;
    });
    const compression = flags.compression ?? bench.config.compression ?? "zstd";
    const request: BuildRequest = {
      checkout,
      python: flags.python,
      compat: flags.compat,
      wishes: askedWishes(bench, flags),
      platform: hostPlatform(),
      format: { compression, level: defaultLevels[compression], blockSizeBytes: flags.blockSize ?? 131_072 },
      lock: await readLock(flags, io),
      output: chooseOutput(checkout, flags, io),
      secrets: await readSecrets(flags.secret, io),
      container: containerRequest(flags, bench.config, io),
    };
    await using deps = openBuildDependencies(bench, flags, request, renderer.sink, io);
    if (flags.builder === undefined) return await buildImage(request, deps);
    const { buildThroughDaemon } = await import("@repo2singularity/build/daemon");
    return await buildThroughDaemon(flags.builder, request, deps);
  } finally {
    await renderer.finish();
  }
}

async function readLock({ locked, builder }: BuildFlags, io: HostIo): Promise<PackageLock | undefined> {
  if (locked !== undefined && builder !== undefined) {
    throw new AppError("E_USAGE", `--locked and --builder ${builder} do not go together: a daemon knows no lock`, {
      hint: "leave out one of them",
    });
  }
  return locked === undefined ? undefined : readPackageLock(path.resolve(io.cwd, locked));
}

/** Fast levels: the next ones cost several times as long for some percent of size. */
const defaultLevels = { zstd: 3, gzip: 6 } as const;

function chooseOutput(checkout: Checkout, flags: BuildFlags, io: HostIo): BuildOutput {
  const force = flags.force === true;
  if (flags.sandbox !== undefined) return { kind: "sandbox", path: path.resolve(io.cwd, flags.sandbox), force };
  return { kind: "sif", path: path.resolve(io.cwd, `${flags.imageName ?? checkout.name}.sif`), force };
}
