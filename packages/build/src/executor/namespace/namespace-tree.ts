import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type ProcessResult } from "@repo2singularity/base";
import { removeTree } from "../../tree/remove-tree.ts";
import { MergedCopy, type MergedCopySource } from "../copy/merged-copy.ts";
import type { ExecutorHost } from "../host.ts";
import { refreshTemporaryFolders } from "../temporary-folders.ts";
import type { HostMount, StepCommand, StepExecutorName, StepTree, StepTreeOptions } from "../port.ts";
import { anyExitCode, checkCommand, markedEnvironment, stepTimeout } from "../command.ts";
import { checkMounts } from "../check-mounts.ts";
import { hiddenTargets, mountsWithWayOut, noOwnNetwork, startWords } from "../way-out.ts";
import { type NamespaceOwner, runInNamespaces } from "./namespaces.ts";
import { type Scratch, writeScratch } from "./scratch.ts";
import { removeMarkFilesScript, stepScript } from "./scripts.ts";
import type { TreeKind } from "./tree-kind.ts";

/** What the namespace executors differ in. */
export interface NamespaceTreeOptions extends StepTreeOptions {
  readonly executor: StepExecutorName;
  readonly owner: NamespaceOwner;
  /** Whether a network namespace can be made. */
  readonly canIsolateNetwork: boolean;
  readonly treeKind: TreeKind;
}

/** Opens a tree whose steps run in namespaces. */
export async function openNamespaceTree(host: ExecutorHost, asked: NamespaceTreeOptions): Promise<StepTree> {
  if (asked.wayOut !== undefined && !asked.canIsolateNetwork) throw noOwnNetwork(asked.executor);
  const options = { ...asked, mounts: mountsWithWayOut(asked, join(asked.scratchDir, "bin/relay")) };
  checkMounts(options.mounts);
  const { treeKind: kind } = options;
  const scratch = await writeScratch(host, options);
  const copy =
    kind === "copy"
      ? await MergedCopy.create(host, scratch.directory, { ...options, runScript: scriptRunner(host, options) })
      : undefined;
  return new NamespaceTree(host, options, scratch, kind, copy);
}

/** Runs scripts over the files of steps as their uid 0. */
function scriptRunner(host: ExecutorHost, options: NamespaceTreeOptions): MergedCopySource["runScript"] {
  const { owner, scratchDir: directory, signal } = options;
  const process = signal === undefined ? {} : { signal };
  return (script, args) => runInNamespaces(host, { owner, directory, script, args, ownNetwork: false, process });
}

/** A tree that is mounted anew, in fresh namespaces, for every command. */
class NamespaceTree implements StepTree {
  readonly #host: ExecutorHost;
  readonly #options: NamespaceTreeOptions;
  readonly #scratch: Scratch;
  readonly #kind: TreeKind;
  readonly #copy: MergedCopy | undefined;

  constructor(
    host: ExecutorHost,
    options: NamespaceTreeOptions,
    scratch: Scratch,
    kind: TreeKind,
    copy: MergedCopy | undefined,
  ) {
    this.#host = host;
    this.#options = options;
    this.#scratch = scratch;
    this.#kind = kind;
    this.#copy = copy;
  }

  async run(command: StepCommand): Promise<{ readonly exitCode: number }> {
    checkCommand(command);
    await rm(join(this.#scratch.directory, "ready"), { force: true });
    await refreshTemporaryFolders(this.#host, this.#scratch.directory);
    const errorLines: string[] = [];
    const result = await this.#start(command, (line) => {
      errorLines.push(line);
      if (errorLines.length > 20) errorLines.shift();
    });
    if (!(await exists(join(this.#scratch.directory, "ready")))) {
      throw new AppError(
        "E_EXECUTOR_UNAVAILABLE",
        `executor ${this.#options.executor}: a step's tree could not be set up: ${errorLines.join("; ")}`,
        { hint: "repo2singularity doctor shows which executors work here" },
      );
    }
    return { exitCode: result.exitCode };
  }

  async upper(): Promise<string> {
    const { upperDir } = this.#options;
    await this.#copy?.extractChanges();
    if (this.#kind === "fuse-overlayfs") {
      await scriptRunner(this.#host, this.#options)(removeMarkFilesScript, [upperDir]);
    }
    return upperDir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.signal?.aborted !== true) await this.upper();
    await removeTree(this.#host, this.#scratch.directory);
  }

  async #start(command: StepCommand, onErrorLine: (line: string) => void): Promise<ProcessResult> {
    try {
      return await runInNamespaces(this.#host, {
        owner: this.#options.owner,
        directory: this.#scratch.directory,
        script: stepScript,
        args: this.#scriptArguments(command),
        ownNetwork: this.#hasOwnNetwork(command),
        env: markedEnvironment(command),
        process: {
          okExitCodes: anyExitCode,
          ...(command.signal === undefined ? {} : { signal: command.signal }),
          ...(command.timeoutMs === undefined ? {} : { timeoutMs: command.timeoutMs }),
          onLine: (line, stream) => {
            if (stream === "stderr") onErrorLine(line);
            command.onLine?.(line, stream);
          },
        },
      });
    } catch (error) {
      throw stepTimeout(error, command);
    }
  }

  #hasOwnNetwork(command: StepCommand): boolean {
    const { canIsolateNetwork, wayOut } = this.#options;
    return canIsolateNetwork && (!command.network || wayOut !== undefined);
  }

  #scriptArguments(command: StepCommand): string[] {
    const network = this.#hasOwnNetwork(command) ? "own" : "host";
    const hidden = hiddenTargets(command);
    const mounts = this.#options.mounts.flatMap((mount, index) =>
      hidden.includes(mount.target) ? [] : [accessOf(mount), String(index), mount.target],
    );
    const temporary = this.#options.keepsTemporary === true ? "kept" : "fresh";
    const place = [this.#kind, this.#scratch.lowers, String(this.#host.uid), network, temporary];
    const start = startWords(command, this.#options.wayOut !== undefined);
    return [...place, ...mounts, "--", command.cwd, ...start];
  }
}

/** The word by which the scripts know a kind of mount. */
function accessOf({ readOnly, isPrivate }: HostMount): "ro" | "rw" | "own" {
  if (readOnly) return "ro";
  return isPrivate === true ? "own" : "rw";
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
