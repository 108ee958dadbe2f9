import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAppError } from "@repo2singularity/base";
import { writePrograms } from "../native/write-programs.ts";
import { removeTree } from "../tree/remove-tree.ts";
import { openApptainerTree } from "./apptainer/apptainer-tree.ts";
import type { ExecutorHost } from "./host.ts";
import { type ExecutorProbe, mountsFolder, type StepExecutor, type StepTreeOptions } from "./port.ts";
import { noOwnNetwork } from "./way-out.ts";

/** A way in which apptainer makes a step uid 0. */
interface ApptainerMode {
  readonly flags: readonly string[];
  readonly detail: string;
}

/** Tried in this order. Options that an older apptainer does not know make its trial fail, and the next is tried. */
const userModes: readonly ApptainerMode[] = [
  { flags: ["--fakeroot", "--ignore-subuid", "--ignore-fakeroot-command"], detail: "a root-mapped user namespace" },
  { flags: ["--fakeroot"], detail: "the user's range in /etc/subuid" },
];
const rootModes: readonly ApptainerMode[] = [
  { flags: [], detail: "the real root" },
  { flags: ["--userns"], detail: "the root of a user namespace" },
];

/**
 * Steps under `apptainer exec` in a copy of the tree: for machines that have apptainer with its setuid
 * program and no user namespaces for others. Layers are the same as by the other executors, at the price of a
 * copy of the base for every step group.
 */
export function createApptainerExecutor(host: ExecutorHost): StepExecutor {
  let mode: ApptainerMode | undefined;
  let limiting: Promise<boolean> | undefined;
  const probe = async (signal?: AbortSignal): Promise<ExecutorProbe> => {
    const choice = await chooseMode(host, signal);
    if ("detail" in choice) mode = choice;
    return "detail" in choice
      ? { usable: true, detail: `${choice.detail}, a copy of the base for every step group` }
      : { usable: false, reason: choice.reason, hint: hintFor(choice.reason) };
  };
  const ensureMode = async (signal?: AbortSignal): Promise<readonly string[]> => {
    if (mode === undefined) {
      const result = await probe(signal);
      if (!result.usable) {
        throw new AppError("E_EXECUTOR_UNAVAILABLE", `executor apptainer: ${result.reason}`, { hint: result.hint });
      }
    }
    return mode?.flags ?? [];
  };
  const canLimitNetwork = (): Promise<boolean> => (limiting ??= ensureMode().then((flags) => tryWayOut(host, flags)));
  return {
    name: "apptainer",
    probe,
    canLimitNetwork,
    openTree: async (options) => {
      const flags = await ensureMode(options.signal);
      if (options.wayOut !== undefined && !(await canLimitNetwork())) throw noOwnNetwork("apptainer");
      return openApptainerTree(host, options, flags);
    },
  };
}

async function chooseMode(host: ExecutorHost, signal?: AbortSignal): Promise<ApptainerMode | { reason: string }> {
  let reason = "";
  for (const mode of host.uid === 0 ? rootModes : userModes) {
    const failure = await tryMode(host, mode.flags, {}, signal);
    if (failure === undefined) return mode;
    reason = failure;
  }
  return { reason };
}

/** Whether a step can have a network of its own in which the relay listens. Nothing has to answer behind it. */
async function tryWayOut(host: ExecutorHost, flags: readonly string[]): Promise<boolean> {
  const wayOut = await mkdtemp(join(host.tmpDir, "repo2singularity-network-"));
  try {
    return (await tryMode(host, flags, { wayOut })) === undefined;
  } finally {
    await removeTree(host, wayOut);
  }
}

/** Runs a whole step whose command is a helper program of our own. @returns why it did not work */
async function tryMode(
  host: ExecutorHost,
  flags: readonly string[],
  options: Pick<StepTreeOptions, "wayOut">,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const directory = await mkdtemp(join(host.tmpDir, "repo2singularity-apptainer-"));
  const lower = join(directory, "lower");
  await mkdir(lower);
  const { loopback } = await writePrograms(join(directory, "bin"), host.processor, ["loopback"]);
  const target = `${mountsFolder}/probe`;
  const lines: string[] = [];
  const waiting = signal === undefined ? {} : { signal };
  try {
    const places = { upperDir: join(directory, "upper"), scratchDir: join(directory, "scratch") };
    const mounts = [{ source: loopback, target, readOnly: true }];
    await using tree = await openApptainerTree(
      host,
      { lowerTrees: [lower], mounts, ...places, ...options, ...waiting },
      flags,
    );
    const onLine = (line: string): number => lines.push(line);
    const command = { argv: [target], env: {}, cwd: "/", network: true, timeoutMs: 30_000, onLine, ...waiting };
    const { exitCode } = await tree.run(command);
    return exitCode === 0 ? undefined : lines.join("; ") || `a trial step ended with status ${exitCode}`;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return lines.join("; ") || error.message;
  } finally {
    await removeTree(host, directory);
  }
}

function hintFor(reason: string): string {
  if (/apptainer.*(No such file|not found)/.test(reason)) return "install apptainer, or load its module";
  if (reason.includes("subuid")) return "ask the administrator for a range: apptainer config fakeroot --add USER";
  return "run: apptainer exec --fakeroot DIRECTORY true, and mend what it says";
}
