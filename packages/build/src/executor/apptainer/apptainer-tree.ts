import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { AppError } from "@repo2singularity/base";
import { writePrograms } from "../../native/write-programs.ts";
import { removeTree } from "../../tree/remove-tree.ts";
import { checkMounts } from "../check-mounts.ts";
import { anyExitCode, checkCommand, markedEnvironment, stepTimeout } from "../command.ts";
import { MergedCopy, mergedFolder } from "../copy/merged-copy.ts";
import { type ExecutorHost, hostEnvironment } from "../host.ts";
import type { HostMount, StepCommand, StepTree, StepTreeOptions } from "../port.ts";
import { adoptRootMode, writeNameFiles, writeSkeleton } from "../skeleton.ts";
import { refreshTemporaryFolders } from "../temporary-folders.ts";
import { hiddenTargets, mountsWithWayOut, startWords } from "../way-out.ts";

/** Where the helper program that becomes the command is seen in the tree. */
const commandProgramPath = "/run/repo2singularity-command";

/**
 * Opens a tree whose steps run under `apptainer exec` in a sandbox folder: a full copy of the merged trees,
 * because overlays of folders need the very user namespaces whose absence leads here.
 * @param modeFlags options of apptainer by which steps become uid 0
 */
export async function openApptainerTree(
  host: ExecutorHost,
  asked: StepTreeOptions,
  modeFlags: readonly string[],
): Promise<StepTree> {
  const options = { ...asked, mounts: mountsWithWayOut(asked, join(asked.scratchDir, "bin/relay")) };
  checkMounts(options.mounts);
  const { scratchDir, upperDir, signal } = options;
  await mkdir(upperDir, { recursive: true });
  await adoptRootMode(options);
  await writeSkeleton(join(scratchDir, "skeleton"));
  await writeNameFiles(scratchDir);
  for (const index of options.mounts.keys())
    await mkdir(join(scratchDir, "private", String(index)), { recursive: true });
  await writePrograms(join(scratchDir, "bin"), host.processor, ["command", "lease", "relay"]);
  const copy = await MergedCopy.create(host, scratchDir, {
    ...options,
    runScript: (script, args) =>
      host.runner("sh", ["-c", script, "sh", ...args], {
        cwd: scratchDir,
        env: hostEnvironment(host),
        ...(signal === undefined ? {} : { signal }),
      }),
  });
  return new ApptainerTree(host, options, modeFlags, copy);
}

/** Nothing of the host's home, variables, processes and name; the tree itself is written to. */
const isolationFlags =
  "--writable --containall --no-home --cleanenv --no-mount=tmp,home,cwd,hostfs,bind-paths,sys --uts --hostname=repo2singularity --pwd=/";

/** A sandbox folder that every command is run in by apptainer. */
class ApptainerTree implements StepTree {
  readonly #host: ExecutorHost;
  readonly #options: StepTreeOptions;
  readonly #modeFlags: readonly string[];
  readonly #copy: MergedCopy;

  constructor(host: ExecutorHost, options: StepTreeOptions, modeFlags: readonly string[], copy: MergedCopy) {
    this.#host = host;
    this.#options = options;
    this.#modeFlags = modeFlags;
    this.#copy = copy;
  }

  async run(command: StepCommand): Promise<{ readonly exitCode: number }> {
    checkCommand(command);
    const { scratchDir } = this.#options;
    const mounts = this.#mountsOf(command);
    await refreshTemporaryFolders(this.#host, scratchDir);
    await this.#refreshRunFolder(mounts);
    const variables = Object.entries(markedEnvironment(command)).map(([name, value]) => [
      `APPTAINERENV_${name}`,
      value,
    ]);
    try {
      const { exitCode } = await this.#host.runner(join(scratchDir, "bin/lease"), this.#arguments(command), {
        cwd: scratchDir,
        env: { ...hostEnvironment(this.#host), HOME: scratchDir, ...Object.fromEntries(variables) },
        killSignal: "SIGKILL",
        okExitCodes: anyExitCode,
        ...(command.signal === undefined ? {} : { signal: command.signal }),
        ...(command.timeoutMs === undefined ? {} : { timeoutMs: command.timeoutMs }),
        ...(command.onLine === undefined ? {} : { onLine: command.onLine }),
      });
      if (exitCode === apptainerFailureStatus) throw apptainerFailed();
      return { exitCode };
    } catch (error) {
      throw stepTimeout(error, command);
    }
  }

  async upper(): Promise<string> {
    await this.#copy.extractChanges();
    return this.#options.upperDir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.signal?.aborted !== true) await this.upper();
    await removeTree(this.#host, this.#options.scratchDir);
  }

  /** Views of a folder begin empty here. */
  #mountsOf(command: StepCommand): readonly HostMount[] {
    const { mounts, scratchDir } = this.#options;
    const hidden = hiddenTargets(command);
    return mounts
      .map((mount, index) =>
        mount.isPrivate === true ? { ...mount, source: join(scratchDir, "private", String(index)) } : mount,
      )
      .filter(({ target }) => !hidden.includes(target));
  }

  /** /run of the step: a fresh folder with a mount point for everything that is mounted in it. */
  async #refreshRunFolder(mounts: readonly HostMount[]): Promise<void> {
    const run = join(this.#options.scratchDir, "run");
    await rm(run, { recursive: true, force: true });
    await mkdir(join(run, "lock"), { recursive: true });
    await writeFile(join(run, posix.basename(commandProgramPath)), "");
    for (const { source, target } of mounts.filter((mount) => mount.target.startsWith("/run/"))) {
      const point = join(run, target.slice("/run/".length));
      const isFolder = (await stat(source)).isDirectory();
      await mkdir(isFolder ? point : dirname(point), { recursive: true });
      if (!isFolder) await writeFile(point, "");
    }
  }

  #arguments(command: StepCommand): string[] {
    const { scratchDir, keepsTemporary, wayOut } = this.#options;
    const mounts = this.#mountsOf(command);
    const network = command.network && wayOut === undefined ? "" : "--net --network=none";
    const binds = [
      ...(keepsTemporary === true ? [] : bind(join(scratchDir, "tmp"), "/tmp", false)),
      ...(keepsTemporary === true ? [] : bind(join(scratchDir, "var-tmp"), "/var/tmp", false)),
      ...bind(join(scratchDir, "run"), "/run", false),
      ...bind(join(scratchDir, "bin/command"), commandProgramPath, true),
      ...bind(join(scratchDir, "hosts"), "/etc/hosts", true),
      ...mounts.flatMap(({ source, target, readOnly }) => bind(source, target, readOnly)),
    ];
    const words = `/usr/bin/env apptainer --silent exec ${isolationFlags} ${network}`.trim().split(" ");
    const step = [commandProgramPath, "/", command.cwd, ...startWords(command, wayOut !== undefined)];
    return [...words, ...this.#modeFlags, ...binds, join(scratchDir, mergedFolder), ...step];
  }
}

/** Status of apptainer when it could not start the container; helper programs end with 125, shells with up to 127. */
const apptainerFailureStatus = 255;

function apptainerFailed(): AppError {
  return new AppError("E_EXECUTOR_UNAVAILABLE", "executor apptainer: a step's container could not be started", {
    hint: "repo2singularity doctor shows which executors work here",
  });
}

/** A mount in the form in which paths may hold every character but a quote; those are doubled. */
function bind(source: string, target: string, readOnly: boolean): string[] {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const parts = ["type=bind", quoted(`source=${source}`), quoted(`destination=${target}`)];
  return ["--mount", [...parts, ...(readOnly ? ["ro"] : [])].join(",")];
}
