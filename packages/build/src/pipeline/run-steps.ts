import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Step } from "@repo2singularity/contracts";
import { type HostMount, mountsFolder, type StepTree } from "../executor/port.ts";
import type { GroupContext } from "./group-context.ts";
import type { KeyedGroup } from "./group-key.ts";
import type { Phase } from "./phase.ts";
import { placeFiles } from "./place-files.ts";
import { runProgram } from "./run-program.ts";
import { stepEnvironment } from "./step-environment.ts";
import { cacheMount, type StepSetting } from "./step-setting.ts";

type RunStep = Extract<Step, { kind: "run" }>;

/** A group's context with the place it is built in. */
interface RunContext extends GroupContext {
  readonly lowerTrees: readonly string[];
  /** A private folder for the upper, scripts and the overlay's work. */
  readonly folder: string;
}

/**
 * Runs the steps of a group over the layers below it.
 *
 * Files are placed while the overlay is not mounted; runs of commands between them share one mount.
 * @returns the upper folder in overlay form
 */
export async function runSteps(
  { group, mtimeSeconds }: KeyedGroup,
  context: RunContext,
  phase: Phase,
): Promise<string> {
  const upper = path.join(context.folder, "upper");
  const scripts = path.join(context.folder, "scripts");
  await mkdir(upper, { mode: 0o755 });
  await mkdir(scripts);
  let tree: StepTree | undefined;
  try {
    for (const [index, step] of group.steps.entries()) {
      context.signal.throwIfAborted();
      phase.log(`== ${step.title}`);
      if (step.kind === "run") {
        tree ??= await openTree(group.steps, upper, scripts, context);
        const script = `${index}.${step.interpreter === "sh" ? "sh" : "py"}`;
        await writeFile(path.join(scripts, script), step.script);
        await runScript(step, script, tree, mtimeSeconds, context, phase);
      } else {
        await tree?.[Symbol.asyncDispose]();
        tree = undefined;
        await placeFiles(step, upper, context.checkout);
      }
    }
  } finally {
    await tree?.[Symbol.asyncDispose]();
  }
  return upper;
}

async function openTree(
  steps: readonly Step[],
  upper: string,
  scripts: string,
  context: RunContext,
): Promise<StepTree> {
  const setting = await context.setting();
  const executor = await context.executor();
  return executor.openTree({
    lowerTrees: [...context.lowerTrees, setting.settingsTree],
    upperDir: upper,
    scratchDir: path.join(context.folder, "work"),
    mounts: await stepMounts(steps, scripts, setting),
    signal: context.signal,
  });
}

async function stepMounts(
  steps: readonly Step[],
  scripts: string,
  setting: StepSetting,
): Promise<readonly HostMount[]> {
  const mounts: HostMount[] = [...setting.mounts, { source: scripts, target: `${mountsFolder}/steps`, readOnly: true }];
  const caches = new Set(steps.flatMap((step) => (step.kind === "run" ? step.caches : [])));
  for (const name of caches) {
    mounts.push({ source: await setting.cacheFolder(name), target: cacheMount(name), readOnly: false });
  }
  return mounts;
}

async function runScript(
  step: RunStep,
  script: string,
  tree: StepTree,
  mtimeSeconds: number,
  context: RunContext,
  phase: Phase,
): Promise<void> {
  const file = `${mountsFolder}/steps/${script}`;
  const setting = await context.setting();
  await runProgram(tree, {
    title: step.title,
    argv: step.interpreter === "sh" ? ["/bin/sh", "-e", file] : ["/bin/sh", "-c", 'exec python3 "$1"', "sh", file],
    env: { ...stepEnvironment({ ...context, mtimeSeconds }), ...(step.network ? setting.networkEnv : {}), ...step.env },
    cwd: step.cwd,
    timeoutMs: setting.stepTimeoutMs,
    network: step.network,
    signal: context.signal,
    onLine: (line) => phase.log(line),
    diskFolder: context.folder,
  });
}
