/** The ways in which build steps can run. */
export type StepExecutorName = "userns" | "root" | "apptainer";

/**
 * How build steps run in a root tree: the port that every executor fits. `describeStepExecutor` of the
 * testkit is its conformance suite.
 *
 * Whatever the executor, a step sees: its tree as `/` and nothing else of the host but the declared mounts;
 * fresh /proc, /dev, /tmp, /var/tmp, /run; process 1 of its own; no standard input, no terminal; the
 * variables it was given and no others; uid 0, whose changes of owners succeed and change nothing;
 * umask 022; the host name `repo2singularity`.
 */
export interface StepExecutor {
  readonly name: StepExecutorName;
  /** Runs a trial step. Takes a fraction of a second and leaves nothing behind. */
  probe(signal?: AbortSignal): Promise<ExecutorProbe>;
  /**
   * Whether steps can have a network of their own here, so that trees may be opened with a way out. Tried once.
   */
  canLimitNetwork(): Promise<boolean>;
  /**
   * Opens a root tree for one or several steps.
   * @returns a tree that the caller closes (`await using`)
   * @throws E_EXECUTOR_UNAVAILABLE when trees cannot be made in `scratchDir`, or not with a way out
   */
  openTree(options: StepTreeOptions): Promise<StepTree>;
}

/** Whether an executor works on this machine. */
export type ExecutorProbe =
  | {
      readonly usable: true;
      /** How it works here, for `doctor`, such as "kernel overlay". */
      readonly detail: string;
    }
  | {
      readonly usable: false;
      readonly reason: string;
      /** The command or change that would mend it. */
      readonly hint: string;
    };

/** What a root tree is made of. All paths are absolute paths of the host. */
export interface StepTreeOptions {
  /**
   * Folders with unpacked layers, the bottom one first, at least one, as `captureLayer` and `unpackLayer`
   * leave them: character devices 0:0 for removed files, no opaque folders. Never changed.
   */
  readonly lowerTrees: readonly string[];
  /**
   * Receives what steps change, in overlay form; made when it is missing. May hold earlier changes of the
   * same lower trees; it may be changed by others only while no tree is open over it.
   */
  readonly upperDir: string;
  /**
   * An empty or missing folder on the filesystem of `upperDir`: a local disk, not NFS or Lustre.
   * Also holds the step's /tmp and /var/tmp. Removed when the tree is closed.
   */
  readonly scratchDir: string;
  readonly mounts: readonly HostMount[];
  /**
   * Whether /tmp and /var/tmp are the tree's own, so that a layer keeps what steps leave there: container files rely on
   * it. Fresh for every step when left out.
   */
  readonly keepsTemporary?: boolean;
  /**
   * A folder with a listening unix socket `proxy`, for commands with network: they get a network of their own, with a
   * loopback interface alone, on which `stepProxyUrl` leads to that socket. They use the host's network when left out.
   */
  readonly wayOut?: string;
  readonly signal?: AbortSignal;
}

/** A file or folder of the host that steps see; never part of a layer. */
export interface HostMount {
  /** Absolute path of an existing file or folder. */
  readonly source: string;
  /**
   * A path below `/run`, whose folders are made; else the path of a folder or file that the tree has, reached through no
   * link. Not inside another mount's target, and not in /proc, /dev or /sys.
   */
  readonly target: string;
  readonly readOnly: boolean;
  /**
   * Whether steps work on a view of their own of the folder, which ends with the tree: the folder itself never changes.
   * Where no overlay can be had, the view is empty at first. Only for folders that are not read-only.
   */
  readonly isPrivate?: boolean;
}

/** The folder of a step's tree in which the host mounts of every step lie. */
export const mountsFolder = "/run/repo2singularity";

/** A root tree in which steps run, one after the other. */
export interface StepTree extends AsyncDisposable {
  /**
   * Runs one command and waits for its end; then nothing that it started is left running.
   * @returns its exit status, 128 + N when signal N ended it; 125 when it or its folder is missing
   * @throws E_STEP_TIMEOUT after `timeoutMs`
   * @throws E_EXECUTOR_UNAVAILABLE when the tree could not be set up
   */
  run(command: StepCommand): Promise<{ readonly exitCode: number }>;
  /**
   * Ends the runs: the folder with the changes in overlay form, `upperDir`. Closing the tree does the same,
   * unless the signal it was opened with was aborted.
   */
  upper(): Promise<string>;
}

/** One command of a step. */
export interface StepCommand {
  /** Program and arguments; a program without a slash is looked for on the PATH of `env`. */
  readonly argv: readonly string[];
  /** All variables of the command. Names are shell identifiers. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path in the tree. */
  readonly cwd: string;
  /** Targets of mounts of the tree that this command does not see. */
  readonly hiddenMounts?: readonly string[];
  readonly timeoutMs?: number;
  /**
   * Whether the command may use the network: that of the host, or the way out that its tree was opened with. Without it
   * the command gets a network of its own that has only a loopback interface, where the kernel lets us.
   */
  readonly network: boolean;
  /** Every complete line of output as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  readonly signal?: AbortSignal;
}
