import { chmod, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAppError, type ProcessResult } from "@repo2singularity/base";
import { environmentPrefix } from "../../native/programs/enter.ts";
import { removeTree } from "../../tree/remove-tree.ts";
import { MergedCopy } from "../copy/merged-copy.ts";
import type { ExecutorHost } from "../host.ts";
import type { StepCommand, StepExecutorName, StepTree, StepTreeOptions } from "../port.ts";
import { checkCommand, checkMounts } from "./check-mounts.ts";
import { type NamespaceOwner, runInNamespaces } from "./namespaces.ts";
import { type Scratch, writeScratch } from "./scratch.ts";
import { removeMarkFilesScript, stepScript } from "./scripts.ts";
import { chooseTreeKind, type TreeKind } from "./tree-kind.ts";

/** Every status that a command can end with; what they mean is the caller's business. */
const anyExitCode = Array.from({ length: 256 }, (_, code) => code);

/** What the namespace executors differ in. */
export interface NamespaceTreeOptions extends StepTreeOptions {
  readonly executor: StepExecutorName;
  readonly owner: NamespaceOwner;
  /** Whether a network namespace can be made. */
  readonly canIsolateNetwork: boolean;
  /** Takes this kind of tree, without a trial. */
  readonly treeKind?: TreeKind;
}

/** Opens a tree whose steps run in namespaces. */
export async function openNamespaceTree(host: ExecutorHost, options: NamespaceTreeOptions): Promise<StepTree> {
  checkMounts(options.mounts);
  const kind = options.treeKind ?? (await chooseTreeKind(host, options.owner, options.scratchDir, options.signal)).kind;
  const scratch = await writeScratch(host, options);
  const copy = kind === "copy" ? await MergedCopy.create(host, scratch.directory, options) : undefined;
  return new NamespaceTree(host, options, scratch, kind, copy);
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
    await this.#refreshTemporaryFolders();
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
    const { owner, upperDir } = this.#options;
    await this.#copy?.extractChanges();
    if (this.#kind === "fuse-overlayfs") {
      const { directory } = this.#scratch;
      const script = { script: removeMarkFilesScript, args: [upperDir], ownNetwork: false, process: {} };
      await runInNamespaces(this.#host, { owner, directory, ...script });
    }
    return upperDir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.signal?.aborted !== true) await this.upper();
    await removeTree(this.#host, this.#scratch.directory);
  }

  async #refreshTemporaryFolders(): Promise<void> {
    await rm(join(this.#scratch.directory, "ready"), { force: true });
    for (const name of ["tmp", "var-tmp"]) {
      const path = join(this.#scratch.directory, name);
      await removeTree(this.#host, path);
      await mkdir(path);
      await chmod(path, 0o1777); // mkdir's mode is cut by the umask
    }
  }

  async #start(command: StepCommand, onErrorLine: (line: string) => void): Promise<ProcessResult> {
    const variables = Object.entries(command.env).map(([name, value]) => [`${environmentPrefix}${name}`, value]);
    try {
      return await runInNamespaces(this.#host, {
        owner: this.#options.owner,
        directory: this.#scratch.directory,
        script: stepScript,
        args: this.#scriptArguments(command),
        ownNetwork: !command.network && this.#options.canIsolateNetwork,
        env: Object.fromEntries(variables),
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
      if (!isAppError(error, "E_PROCESS_TIMEOUT")) throw error;
      throw new AppError(
        "E_STEP_TIMEOUT",
        `${command.argv.join(" ").slice(0, 200)}: not finished after ${command.timeoutMs} ms`,
        {
          cause: error,
        },
      );
    }
  }

  #scriptArguments(command: StepCommand): string[] {
    const network = command.network || !this.#options.canIsolateNetwork ? "yes" : "no";
    const mounts = this.#options.mounts.flatMap(({ target, readOnly }, index) => [
      readOnly ? "ro" : "rw",
      String(index),
      target,
    ]);
    const place = [this.#kind, this.#scratch.lowers, String(this.#host.uid), network];
    return [...place, ...mounts, "--", command.cwd, ...commandCandidates(command), "", ...command.argv];
  }
}

/** Where the command's program can lie in the tree. */
function commandCandidates({ argv: [program = ""], env }: StepCommand): string[] {
  if (program.includes("/")) return [program];
  const path = env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return path
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder}/${program}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
