import { readFileSync, rmSync, statSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { ContainerGroup, ContainerStep } from "@repo2singularity/contracts";
import { environmentFile, labelsFile } from "@repo2singularity/recipe/container";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { mountsFolder } from "../executor/port.ts";
import type { LayerWork } from "../pipeline/group-layer.ts";
import type { Phase } from "../pipeline/phase.ts";
import { runProgram } from "../pipeline/run-program.ts";
import { type BuildSecrets, openSecrets } from "../secret/build-secrets.ts";
import { checkHoldsNoSecret } from "../secret/find-secrets.ts";
import type { ContainerContext } from "./container-context.ts";
import { fetchFile } from "./fetch-file.ts";
import { originTree } from "./origin-tree.ts";
import { placeCopy } from "./place-copy.ts";
import { layersTree, type SourceItem, type SourceTree } from "./source-tree.ts";
import { makeMountPoints, openMounts } from "./step-mounts.ts";
import { TargetTree } from "./target-tree.ts";
import { unpackArchive } from "./unpack-archive.ts";
import { userHome } from "./user-home.ts";

type RunStep = Extract<ContainerStep, { kind: "run" }>;
type CopyStep = Extract<ContainerStep, { kind: "copy" }>;

/** Where the steps of one group work. */
interface GroupPlace {
  readonly lowerTrees: readonly string[];
  /** A private folder. */
  readonly folder: string;
  readonly upper: string;
  readonly base: ResolvedBase;
}

/** Does the steps of a group over the layers below it; see {@link LayerWork}. */
export async function changeByGroup(
  { title, steps }: ContainerGroup,
  place: Omit<GroupPlace, "upper">,
  context: ContainerContext,
  phase: Phase,
): ReturnType<LayerWork["change"]> {
  const upper = path.join(place.folder, "upper");
  await mkdir(upper, { mode: 0o755 });
  const own: GroupPlace = { ...place, upper };
  for (const [index, step] of steps.entries()) {
    context.signal.throwIfAborted();
    phase.log(`== ${step.title}`);
    const folder = path.join(place.folder, `step-${index}`);
    if (step.kind === "run") await runStep(step, { ...own, folder }, context, phase);
    else await placeStep(step, { ...own, folder }, context);
  }
  await checkHoldsNoSecret(upper, seenSecrets(steps, context), { title, signal: context.signal });
  return { upper, notes: takeNotes(upper) };
}

/** A layer of steps that see no secret is not searched for any. */
function seenSecrets(steps: readonly ContainerStep[], { secrets }: ContainerContext): BuildSecrets {
  const mounts = steps.flatMap((step) => (step.kind === "run" ? step.mounts : []));
  return new Map([...secrets].filter(([id]) => mounts.some((mount) => mount.kind === "secret" && mount.id === id)));
}

async function placeStep(
  step: Exclude<ContainerStep, RunStep>,
  { lowerTrees, upper, folder }: GroupPlace,
  context: ContainerContext,
): Promise<void> {
  const target = new TargetTree(lowerTrees, upper);
  let archiveCount = 0;
  const unpack = (file: Parameters<typeof unpackArchive>[0]): ReturnType<typeof unpackArchive> =>
    unpackArchive(file, path.join(folder, String(archiveCount++)), context);
  switch (step.kind) {
    case "folder":
      target.ensureFolder(step.path);
      return;
    case "write":
      target.writeFile(step.path.slice(1), step.content, step.mode);
      return;
    case "copy":
      await placeCopy(step, await originTree(step.from, context), target, { unpack, signal: context.signal });
      return;
    case "fetch": {
      const { path: host } = await fetchFile(step, context);
      const item: SourceItem = { path: fetchedName, type: "file", mode: step.mode, host };
      const tree: SourceTree = { find: (name) => (name === fetchedName ? item : undefined), names: () => [] };
      await placeCopy(copyOfFetched(step), tree, target, { unpack, signal: context.signal });
    }
  }
}

/** What a fetched file is called in the tree of one file that it is copied from. */
const fetchedName = "file";

function copyOfFetched({ title, destination, mode, unpacks }: Extract<ContainerStep, { kind: "fetch" }>): CopyStep {
  return {
    kind: "copy",
    title,
    from: { kind: "context" },
    sources: [fetchedName],
    destination,
    mode,
    excludes: [],
    keepsParents: false,
    keepsFolder: false,
    unpacks,
  };
}

async function runStep(step: RunStep, place: GroupPlace, context: ContainerContext, phase: Phase): Promise<void> {
  const { lowerTrees, folder, upper, base } = place;
  const setting = await context.setting(base);
  const scripts = path.join(folder, "scripts");
  await mkdir(scripts, { recursive: true });
  const script = `${mountsFolder}/steps/script`;
  if (step.script !== undefined) await writeFile(path.join(scripts, "script"), step.script, { mode: 0o755 });
  const wanted = step.mounts.filter((mount) => mount.kind === "secret");
  await using secrets = await openSecrets(wanted, context.secrets, {
    folder: path.join(folder, "secrets"),
    title: step.title,
  });
  const own = [...(await openMounts(step, path.join(folder, "mounts"), { context, setting })), ...secrets.mounts];
  const points = makeMountPoints(own, new TargetTree(lowerTrees, upper), upper, step.title);
  const home = userHome(layersTree([...lowerTrees, upper]), step.user);
  try {
    await using wayOut = await setting.openWayOut?.(path.join(folder, "network"));
    await using tree = await (
      await context.executor()
    ).openTree({
      lowerTrees: [...lowerTrees, setting.settingsTree],
      upperDir: upper,
      scratchDir: path.join(folder, "work"),
      mounts: [
        ...setting.mounts,
        { source: scripts, target: `${mountsFolder}/steps`, readOnly: true },
        ...points.mounts,
      ],
      keepsTemporary: true,
      ...(wayOut && { wayOut: wayOut.folder }),
      signal: context.signal,
    });
    await runProgram(tree, {
      title: step.title,
      argv: [...step.argv, ...(step.script === undefined ? [] : [script])],
      env: { ...(step.network ? setting.networkEnv : {}), HOME: home, ...secrets.env, ...step.env },
      cwd: step.cwd,
      network: step.network,
      timeoutMs: setting.stepTimeoutMs,
      signal: context.signal,
      onLine: (line) => phase.log(line),
      shownLine: (line) => secrets.redact(line),
      wayOut,
    });
  } finally {
    points.close();
    await rm(path.join(folder, "mounts"), { recursive: true, force: true });
  }
}

/** What `%post` left for the image; the labels' file itself is no part of it. No link is followed. */
function takeNotes(upper: string): Readonly<Record<string, string>> {
  const tree = layersTree([upper]);
  const notes: Record<string, string> = {};
  for (const [name, file] of Object.entries({ labels: labelsFile, environment: environmentFile })) {
    const item = tree.find(file.slice(1));
    if (item?.type !== "file") continue;
    if (statSync(item.host).size > noteLimitBytes) {
      throw new AppError("E_LIMIT_EXCEEDED", `${file}: at most ${noteLimitBytes} bytes may be left for the image`);
    }
    notes[name] = readFileSync(item.host, "utf8");
  }
  rmSync(path.join(upper, labelsFile), { force: true });
  return notes;
}

const noteLimitBytes = 2 ** 20;
