import { AppError } from "@repo2singularity/base";
import { Command, Option } from "commander";
import type { HostIo } from "./host-io.ts";
import { addBuildOptions, addPlanOptions, addSeedOptions, type BuildFlags, type PlanFlags } from "./options.ts";
import { addImageCommands } from "./program-image.ts";
import { addRegistryServerCommands } from "./program-registry.ts";
import { addRemoteCommands } from "./program-remote.ts";
import { addStaticRegistryCommands } from "./program-static-registry.ts";
import { version } from "./version.ts";

/** Sets the exit status of the process when a command ends without an error but not with 0. */
export type SetStatus = (status: number) => void;

/**
 * The whole command line. Commands load their code when they run, so that `--help` stays fast.
 * @param setStatus called by commands that hand on the status of a program they ran
 */
export function createProgram(io: HostIo, setStatus: SetStatus): Command {
  const program = new Command("repo2singularity")
    .description("From any git URL to a Jupyter-enabled Singularity/Apptainer image: no root, no Docker, no daemon")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .version(version, "-V, --version")
    .argument("[repo]", "a git URL or a folder")
    .argument("[command...]", "with --run, what to run instead of Jupyter (after --)")
    .addHelpText("after", examples);
  addSeedOptions(addBuildOptions(addPlanOptions(program)));
  program.action(async (repo: string | undefined, command: string[], flags: BuildFlags) => {
    if (flags.installCompletion === true || flags.showCompletion !== undefined) {
      const { complete } = await import("./commands/completion.ts");
      return complete(program, flags, io);
    }
    if (repo === undefined) throw new AppError("E_USAGE", "no repository was given", { hint: usageHint });
    const { build } = await import("./commands/build.ts");
    setStatus(await build(repo, command, flags, io));
  });

  addPlanOptions(subcommand(program, "plan"))
    .description("show what a build would do, and why, without building")
    .argument("<repo>", "a git URL or a folder")
    .addOption(
      new Option("--format <format>", "text, JSON, a Dockerfile or an Apptainer definition")
        .choices(["text", "json", "dockerfile", "def"])
        .default("text"),
    )
    .action(async (repo: string, flags: PlanFlags & { format: "text" | "json" | "dockerfile" | "def" }) => {
      const { plan } = await import("./commands/plan.ts");
      await plan(repo, flags, io);
    });

  addPlanOptions(subcommand(program, "lint"))
    .description("find what will fail, and what to do about it, without building")
    .argument("<repo>", "a git URL or a folder")
    .option("--json", "as JSON")
    .action(async (repo: string, flags: PlanFlags & { json?: boolean }) => {
      const { lint } = await import("./commands/lint.ts");
      setStatus(await lint(repo, flags, io));
    });

  subcommand(program, "inspect")
    .description("show what an image is: commit, base, packages, layers")
    .argument("<image>", "a .sif file")
    .option("--json", "the whole record as JSON")
    .option("--lock", "the lock as JSON, for --locked: exact versions of every package")
    .option("--sbom", "its packages as a software bill of materials, SPDX 2.3 in JSON")
    .action(async (image: string, flags: { json?: boolean; lock?: boolean; sbom?: boolean }) => {
      const { inspect } = await import("./commands/inspect.ts");
      await inspect(image, flags, io);
    });

  addImageCommands(
    subcommand(program, "image").description("work with image files: no daemon, no apptainer"),
    io,
    setStatus,
  );
  addRemoteCommands(program, io, setStatus);
  const registry = subcommand(program, "registry").description("run a registry, or keep one that is only files");
  addRegistryServerCommands(registry, io);
  addStaticRegistryCommands(registry, io, setStatus);
  addCacheCommands(subcommand(program, "cache").description("look after the cache of layers"), io, setStatus);

  subcommand(program, "doctor")
    .description("tell what works on this machine, what does not, and the command that mends it")
    .option("--json", "as JSON")
    .action(async (flags: { json?: boolean }) => {
      const { doctor } = await import("./commands/doctor.ts");
      setStatus(await doctor(flags, io));
    });
  return program;
}

/** A subcommand that reports errors and writes as its parent does. */
function subcommand(parent: Command, name: string): Command {
  return parent.command(name).copyInheritedSettings(parent);
}

function addCacheCommands(cache: Command, io: HostIo, setStatus: SetStatus): void {
  const load = (): Promise<typeof import("./commands/cache.ts")> => import("./commands/cache.ts");
  subcommand(cache, "list")
    .description("list what the cache holds, last used first")
    .option("--json", "as JSON")
    .action(async (flags: { json?: boolean }) => (await load()).listCache(flags, io));
  subcommand(cache, "prune")
    .description("remove what was not used for longest, until the cache is small enough")
    .option("--max-size <size>", "size to come down to, such as 20G; 0 empties the cache", "0")
    .action(async (flags: { maxSize: string }) => (await load()).pruneCache(flags, io));
  subcommand(cache, "verify")
    .description("check that every file has the content its name promises")
    .option("--remove", "remove what is damaged")
    .action(async (flags: { remove?: boolean }) => setStatus(await (await load()).verifyCache(flags, io)));
}

const usageHint = "run repo2singularity --help";

const examples = `
Examples:
  repo2singularity https://github.com/owner/repo              builds repo.sif beside you
  repo2singularity --ref v1.2 --image-name demo ./my/repo     a path, a branch, tag or commit
  repo2singularity --run ./my/repo                            builds if needed, starts Jupyter
  repo2singularity --run ./my/repo -- python analysis.py      runs something else
  repo2singularity plan ./my/repo --format dockerfile         shows what a build would do
  repo2singularity lint ./my/repo                             finds what will fail before it is built
  repo2singularity doctor                                     what works on this machine
`;
