import { mkdtemp, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAppError } from "@repo2singularity/base";
import { helperProgram, writePrograms } from "../../native/write-programs.ts";
import { removeTree } from "../../tree/remove-tree.ts";
import type { ExecutorHost } from "../host.ts";
import { type ExecutorProbe, mountsFolder, type StepExecutor, type StepTree, type StepTreeOptions } from "../port.ts";
import { openNamespaceTree } from "./namespace-tree.ts";
import { type NamespaceOwner, runInNamespaces } from "./namespaces.ts";
import { chooseTreeKind, type TreeKind, type TreeKindChoice } from "./tree-kind.ts";

/** What a namespace executor is made of. */
export interface NamespaceExecutorOptions {
  readonly name: "userns" | "root";
  readonly owner: NamespaceOwner;
  readonly host: ExecutorHost;
  /** Takes this kind of tree instead of the best one that works. */
  readonly treeKind?: TreeKind;
  /** The command or change that makes the executor work, from what the trial said. */
  readonly mend: (reason: string) => Promise<string>;
}

/** An executor whose steps run in namespaces that util-linux's `unshare` makes. */
export function createNamespaceExecutor(options: NamespaceExecutorOptions): StepExecutor {
  let isolation: Promise<boolean> | undefined;
  const canLimitNetwork = (): Promise<boolean> => (isolation ??= tryOwnNetwork(options));
  const kinds = new Map<number, TreeKind>();
  return {
    name: options.name,
    probe: (signal) => probe(options, signal),
    canLimitNetwork,
    openTree: async (tree): Promise<StepTree> =>
      openNamespaceTree(options.host, {
        ...tree,
        treeKind: await knownKind(kinds, options, tree),
        executor: options.name,
        owner: options.owner,
        canIsolateNetwork: await canLimitNetwork(),
      }),
  };
}

/** Whether a trial failed because util-linux is not there, as env(1) tells it. */
export function isUnshareMissing(reason: string): boolean {
  return /unshare.*(No such file|not found)/.test(reason);
}

/** Runs a whole step whose command is a helper program of our own, in a tree of nothing. */
async function probe(options: NamespaceExecutorOptions, signal?: AbortSignal): Promise<ExecutorProbe> {
  const directory = await mkdtemp(join(options.host.tmpDir, "repo2singularity-probe-"));
  try {
    const choice = await chooseKind(options, directory, signal);
    await runTrialStep(options, directory, choice.kind, signal);
    return { usable: true, detail: describeChoice(choice) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const stderr = error.data?.["stderr"];
    const reason = typeof stderr === "string" && stderr !== "" ? stderr.trim() : error.message;
    return { usable: false, reason, hint: await options.mend(reason) };
  } finally {
    await removeTree(options.host, directory);
  }
}

/** The kind of a tree, which is found out once for each filesystem: the trial takes a tenth of a small step. */
async function knownKind(
  kinds: Map<number, TreeKind>,
  options: NamespaceExecutorOptions,
  { scratchDir, signal }: StepTreeOptions,
): Promise<TreeKind> {
  await mkdir(scratchDir, { recursive: true });
  const { dev } = await stat(scratchDir);
  const kind = kinds.get(dev) ?? (await chooseKind(options, scratchDir, signal)).kind;
  kinds.set(dev, kind);
  return kind;
}

async function chooseKind(
  options: NamespaceExecutorOptions,
  directory: string,
  signal?: AbortSignal,
): Promise<TreeKindChoice> {
  if (options.treeKind !== undefined) return { kind: options.treeKind, refused: [] };
  return chooseTreeKind(options.host, options.owner, directory, signal);
}

async function runTrialStep(
  options: NamespaceExecutorOptions,
  directory: string,
  treeKind: TreeKind,
  signal?: AbortSignal,
): Promise<void> {
  helperProgram("loopback", options.host.processor); // an unknown processor is told before anything else
  const { loopback } = await writePrograms(join(directory, "bin"), options.host.processor, ["loopback", "lease"]);
  const limits = { timeoutMs: 20_000, ...(signal === undefined ? {} : { signal }) };
  // Alone first: its error names the namespace that is refused, without the rest around it.
  await runInNamespaces(options.host, {
    owner: options.owner,
    directory,
    script: "exit 0",
    args: [],
    ownNetwork: false,
    process: limits,
  });
  const lower = join(directory, "lower");
  await mkdir(lower);
  const target = `${mountsFolder}/probe`;
  await using tree: StepTree = await openNamespaceTree(options.host, {
    lowerTrees: [lower],
    upperDir: join(directory, "upper"),
    scratchDir: join(directory, "scratch"),
    mounts: [{ source: loopback, target, readOnly: true }],
    executor: options.name,
    owner: options.owner,
    canIsolateNetwork: false,
    treeKind,
  } satisfies StepTreeOptions & Parameters<typeof openNamespaceTree>[1]);
  await tree.run({ argv: [target], env: {}, cwd: "/", network: true, ...limits });
}

function describeChoice(choice: TreeKindChoice): string {
  const words: Readonly<Record<TreeKind, string>> = {
    overlay: "kernel overlay",
    "fuse-overlayfs": "fuse-overlayfs",
    copy: "a copy of the base for every step group",
  };
  const refused = choice.refused.map(({ kind, reason }) => `${words[kind]}: ${reason.split("\n").at(-1)}`);
  return refused.length === 0 ? words[choice.kind] : `${words[choice.kind]} (not ${refused.join("; not ")})`;
}

async function tryOwnNetwork(options: NamespaceExecutorOptions): Promise<boolean> {
  const directory = await mkdtemp(join(options.host.tmpDir, "repo2singularity-network-"));
  try {
    await writePrograms(join(directory, "bin"), options.host.processor, ["lease"]);
    const { owner, host } = options;
    await runInNamespaces(host, {
      owner,
      directory,
      script: "exit 0",
      args: [],
      ownNetwork: true,
      process: { timeoutMs: 10_000 },
    });
    return true;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  } finally {
    await removeTree(options.host, directory);
  }
}
