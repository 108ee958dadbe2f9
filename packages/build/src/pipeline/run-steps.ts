import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { CacheName, type Step, type StepGroup } from "@repo2singularity/contracts";
import { type HostMount, mountsFolder, type StepTree } from "../executor/port.ts";
import type { StepProxy } from "../network/step-proxy.ts";
import { type OpenSecrets, openSecrets } from "../secret/build-secrets.ts";
import { checkHoldsNoSecret } from "../secret/find-secrets.ts";
import { groupSecrets, netrcVariables } from "../secret/group-secrets.ts";
import type { GroupContext } from "./group-context.ts";
import { holdsRepository, type KeyedGroup } from "./group-key.ts";
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

/** What all steps of a group share. */
interface GroupSetting {
  readonly setting: StepSetting;
  readonly secrets: OpenSecrets;
  readonly mounts: readonly HostMount[];
  /** Variables over those of the recipe. */
  readonly env: Readonly<Record<string, string>>;
  /** The way to the network, where steps do not have the host's. */
  readonly wayOut: StepProxy | undefined;
}

/**
 * Runs the steps of a group over the layers below it.
 *
 * Files are placed while the overlay is not mounted; runs of commands between them share one mount.
 * @returns the upper folder in overlay form
 * @throws E_SECRET_IN_LAYER when a step left one of the secrets in a file
 */
export async function runSteps(keyed: KeyedGroup, context: RunContext, phase: Phase): Promise<string> {
  const { group } = keyed;
  const upper = path.join(context.folder, "upper");
  await mkdir(upper, { mode: 0o755 });
  await mkdir(scriptsFolder(context));
  const given = context.secrets ?? new Map();
  const wanted = groupSecrets(group, given);
  await using secrets = await openSecrets(wanted, given, {
    folder: path.join(context.folder, "secrets"),
    title: group.title,
  });
  await runEach(keyed, secrets, upper, context, phase);
  if (wanted.length > 0) await checkHoldsNoSecret(upper, given, { title: group.title, signal: context.signal });
  return upper;
}

async function runEach(
  { group, mtimeSeconds }: KeyedGroup,
  secrets: OpenSecrets,
  upper: string,
  context: RunContext,
  phase: Phase,
): Promise<void> {
  let shared: GroupSetting | undefined;
  let tree: StepTree | undefined;
  try {
    for (const [index, step] of group.steps.entries()) {
      context.signal.throwIfAborted();
      phase.log(`== ${step.title}`);
      if (step.kind === "run") {
        shared ??= await shareSetting(group, secrets, context);
        tree ??= await openTree(shared, upper, context);
        const script = `${index}.${step.interpreter === "sh" ? "sh" : "py"}`;
        await writeFile(path.join(scriptsFolder(context), script), step.script);
        await runScript(step, script, { tree, shared, mtimeSeconds, context, phase });
      } else {
        await tree?.[Symbol.asyncDispose]();
        tree = undefined;
        await placeFiles(step, upper, context.checkout);
      }
    }
  } finally {
    await tree?.[Symbol.asyncDispose]();
    await shared?.wayOut?.[Symbol.asyncDispose]();
  }
}

function scriptsFolder({ folder }: RunContext): string {
  return path.join(folder, "scripts");
}

async function shareSetting(group: StepGroup, secrets: OpenSecrets, context: RunContext): Promise<GroupSetting> {
  const setting = await context.setting();
  const hasSecrets = secrets.mounts.length > 0;
  const mounts = [
    ...setting.mounts,
    { source: scriptsFolder(context), target: `${mountsFolder}/steps`, readOnly: true },
    ...secrets.mounts,
    ...(await cacheMounts(group, setting, hasSecrets)),
  ];
  const env = {
    ...setting.groupEnv?.(group.name),
    ...secrets.env,
    ...(hasSecrets ? netrcVariables(context.secrets ?? new Map()) : {}),
  };
  const wayOut = await setting.openWayOut?.(path.join(context.folder, "network"));
  return { setting, secrets, mounts, env, wayOut };
}

async function openTree(
  { setting, mounts, wayOut }: GroupSetting,
  upper: string,
  context: RunContext,
): Promise<StepTree> {
  const executor = await context.executor();
  return executor.openTree({
    lowerTrees: [...context.lowerTrees, setting.settingsTree],
    upperDir: upper,
    scratchDir: path.join(context.folder, "work"),
    mounts,
    ...(wayOut && { wayOut: wayOut.folder }),
    signal: context.signal,
  });
}

/**
 * The download caches of a group. What the repository's own code could write, or what came with a password, must not
 * reach other builds: there the caches are views that end with the group.
 */
async function cacheMounts(group: StepGroup, setting: StepSetting, hasSecrets: boolean): Promise<readonly HostMount[]> {
  const isPrivate = hasSecrets || holdsRepository(group);
  const names = new Set(group.steps.flatMap((step) => (step.kind === "run" ? step.caches : [])));
  const mounts: HostMount[] = [];
  for (const name of names) {
    mounts.push({ source: await setting.cacheFolder(name), target: cacheMount(name), readOnly: false, isPrivate });
  }
  return mounts;
}

async function runScript(
  step: RunStep,
  script: string,
  place: {
    readonly tree: StepTree;
    readonly shared: GroupSetting;
    readonly mtimeSeconds: number;
    readonly context: RunContext;
    readonly phase: Phase;
  },
): Promise<void> {
  const { tree, shared, mtimeSeconds, context, phase } = place;
  const file = `${mountsFolder}/steps/${script}`;
  const networkEnv = step.network ? shared.setting.networkEnv : {};
  const hidden = CacheName.options.filter((name) => !step.caches.includes(name)).map(cacheMount);
  await runProgram(tree, {
    title: step.title,
    argv: step.interpreter === "sh" ? ["/bin/sh", "-e", file] : ["/bin/sh", "-c", 'exec python3 "$1"', "sh", file],
    env: {
      ...stepEnvironment({ ...context, mtimeSeconds }),
      ...networkEnv,
      ...step.env,
      ...(step.network ? shared.env : {}),
    },
    cwd: step.cwd,
    hiddenMounts: hidden,
    timeoutMs: shared.setting.stepTimeoutMs,
    network: step.network,
    signal: context.signal,
    onLine: (line) => phase.log(line),
    shownLine: (line) => shared.secrets.redact(line),
    wayOut: shared.wayOut,
    diskFolder: context.folder,
  });
}
