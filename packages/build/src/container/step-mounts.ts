import { lstatSync, rmdirSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import type { ContainerStep, StepMount } from "@repo2singularity/contracts";
import { hostPath, parentPath } from "@repo2singularity/image";
import type { HostMount } from "../executor/port.ts";
import type { StepSetting } from "../pipeline/step-setting.ts";
import type { ContainerContext } from "./container-context.ts";
import { originTree } from "./origin-tree.ts";
import { placeCopy } from "./place-copy.ts";
import { TargetTree } from "./target-tree.ts";

type RunStep = Extract<ContainerStep, { kind: "run" }>;

/**
 * The host folders and files behind a step's mounts, secrets not among them.
 * A bind mount is a private copy: what the step changes in it is lost, as under container engines.
 * @param folder a private folder for copies and empty folders
 */
export async function openMounts(
  step: RunStep,
  folder: string,
  { context, setting }: { readonly context: ContainerContext; readonly setting: StepSetting },
): Promise<readonly HostMount[]> {
  const mounts: HostMount[] = [];
  for (const [index, mount] of step.mounts.entries()) {
    const own = join(folder, String(index));
    if (mount.kind === "cache") {
      mounts.push({ source: await setting.mountFolder(mount.id), target: mount.target, readOnly: false });
    } else if (mount.kind === "tmpfs") {
      await mkdir(own, { recursive: true });
      mounts.push({ source: own, target: mount.target, readOnly: false });
    } else if (mount.kind === "bind") {
      mounts.push({ source: await copyOf(mount, own, step, context), target: mount.target, readOnly: false });
    }
  }
  return mounts;
}

async function copyOf(
  mount: Extract<StepMount, { kind: "bind" }>,
  folder: string,
  step: RunStep,
  context: ContainerContext,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const tree = await originTree(mount.from, context);
  const copy = {
    kind: "copy",
    title: step.title,
    from: mount.from,
    sources: [mount.source],
    destination: "/mount",
    excludes: [],
    keepsParents: false,
    keepsFolder: false,
    unpacks: false,
  } as const;
  const unpack = (): Promise<undefined> => Promise.resolve(undefined);
  await placeCopy({ ...copy, sources: [...copy.sources], excludes: [] }, tree, new TargetTree([], folder), {
    unpack,
    signal: context.signal,
  });
  return join(folder, "mount");
}

/** The places of a tree where mounts go, made where they are missing and taken away again. */
export interface MountPoints {
  readonly mounts: readonly HostMount[];
  /** Removes what was made for them and is still empty. */
  close(): void;
}

/**
 * Makes sure that the tree has something at every mount's target, and follows links on the way to it inside the tree.
 * @throws E_STEP_FAILED for targets inside one another and in folders of a running system
 */
export function makeMountPoints(
  mounts: readonly HostMount[],
  target: TargetTree,
  upper: string,
  title: string,
): MountPoints {
  const made: string[] = [];
  const placed = mounts.map((mount) => {
    const place = target.resolve(mount.target);
    if (/^(?:proc|dev|sys)(?:\/|$)|^(?:run)?$/.test(place)) {
      throw new AppError(
        "E_STEP_FAILED",
        `the step "${title}" mounts something at ${mount.target}: that folder is the system's own`,
      );
    }
    if (!place.startsWith("run/")) made.push(...makePoint(mount, place, { target, upper }));
    return { ...mount, target: `/${place}` };
  });
  const inner = placed.find(({ target: one }) => placed.some((other) => one.startsWith(`${other.target}/`)));
  if (inner !== undefined) {
    throw new AppError("E_STEP_FAILED", `the step "${title}": ${inner.target} lies in another mount of the step`, {
      hint: "mount the outer folder only",
    });
  }
  return { mounts: placed, close: () => removePoints(made, upper) };
}

/** @returns what was made, the outermost first */
function makePoint(
  { source }: HostMount,
  place: string,
  { target, upper }: { readonly target: TargetTree; readonly upper: string },
): string[] {
  if (target.find(place) !== undefined) return [];
  const made: string[] = [];
  for (let path = place; path !== "" && target.find(path) === undefined; path = parentPath(path)) made.unshift(path);
  if (lstatSync(source).isDirectory()) target.ensureFolder(place);
  else target.writeFile(place, "", 0o644);
  return made.filter((path) => lstatSync(hostPath(upper, path), { throwIfNoEntry: false }) !== undefined);
}

function removePoints(made: readonly string[], upper: string): void {
  for (const path of made.toReversed()) {
    const point = hostPath(upper, path);
    const stats = lstatSync(point, { throwIfNoEntry: false });
    if (stats?.isFile() === true && stats.size === 0) rmSync(point);
    if (stats?.isDirectory() !== true) continue;
    try {
      rmdirSync(point);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error; // the step put something beside the mount
    }
  }
}
