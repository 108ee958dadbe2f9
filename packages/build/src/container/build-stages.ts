import { AppError, formatSize } from "@repo2singularity/base";
import type { ContainerGroup } from "@repo2singularity/contracts";
import { softwareTimeSeconds } from "../pipeline/group-key.ts";
import { findLayer, type StoredLayer } from "../pipeline/find-layer.ts";
import { ensureLayer } from "../pipeline/group-layer.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import type { ContainerContext } from "./container-context.ts";
import type { KeyedStage } from "./key-stages.ts";
import { stageOrigins } from "@repo2singularity/recipe/container";
import { baseOf } from "./origin-tree.ts";
import { changeByGroup } from "./run-group.ts";

/** A layer's file. */
type LayerFile = Pick<StoredLayer, "digest" | "path">;

/** A stage whose layers are all there. */
export interface BuiltStage {
  /** The base's layer and those of stages below, bottom first. */
  readonly below: readonly LayerFile[];
  /** Layers made by steps, those of stages below first. */
  readonly layers: readonly StoredLayer[];
}

/**
 * Makes the layers of a stage and of all that it needs. Stages that do not wait for one another are made at the same
 * time; when one fails the others are ended.
 * @throws what the first failing step throws
 */
export async function buildStages(
  target: string,
  keyed: ReadonlyMap<string, KeyedStage>,
  given: Omit<ContainerContext, "stageLayers">,
  phases: PhaseReporter,
): Promise<BuiltStage> {
  const failure = new AbortController();
  const signal = AbortSignal.any([given.signal, failure.signal]);
  const started = new Map<string, Promise<BuiltStage>>();
  const build = (name: string): Promise<BuiltStage> => {
    const running = started.get(name);
    if (running !== undefined) return running;
    const stage = keyed.get(name);
    if (stage === undefined) return Promise.reject(new AppError("E_INTERNAL", `there is no stage ${name}`));
    const work = buildStage(stage, { context, build, phases }).catch((error: unknown) => {
      failure.abort(error);
      throw error;
    });
    started.set(name, work);
    return work;
  };
  const stageLayers = async (name: string): Promise<readonly LayerFile[]> => {
    const { below, layers } = await build(name);
    return [...below, ...layers];
  };
  const context: ContainerContext = { ...given, signal, stageLayers };
  const result = await Promise.allSettled([build(target)]);
  await Promise.allSettled(started.values()); // nothing of a failed build runs on behind its error
  const [outcome] = result;
  if (outcome.status === "fulfilled") return outcome.value;
  given.signal.throwIfAborted();
  throw failure.signal.reason ?? outcome.reason;
}

async function buildStage(
  { stage, keys, baseReference }: KeyedStage,
  options: {
    readonly context: ContainerContext;
    readonly build: (name: string) => Promise<BuiltStage>;
    readonly phases: PhaseReporter;
  },
): Promise<BuiltStage> {
  const { context, build } = options;
  const missing = await firstMissing(keys, context);
  // stages that files are copied from begin at once, and nobody waits for those of layers that are there
  const needed = missing === undefined ? [] : stageOrigins({ ...stage, groups: stage.groups.slice(missing) });
  for (const origin of needed) if (origin.kind === "stage") build(origin.name).catch(() => {}); // seen where it is waited for
  const base = baseOf(baseReference, context);
  const start: BuiltStage =
    stage.base.kind === "stage"
      ? await build(stage.base.name)
      : { below: [{ digest: base.digest, path: base.layerPath }], layers: [] };
  const layers = [...start.layers];
  for (const [index, group] of stage.groups.entries()) {
    context.signal.throwIfAborted();
    const lower = [...start.below, ...layers];
    layers.push(await ensureGroup(group, keys[index] ?? "", { ...options, stageName: stage.name, lower, base }));
  }
  return { below: start.below, layers };
}

/** The first layer of a stage that has to be made. */
async function firstMissing(keys: readonly string[], { store }: ContainerContext): Promise<number | undefined> {
  for (const [index, key] of keys.entries()) {
    if ((await findLayer(store, { key, name: "" })) === undefined) return index;
  }
  return undefined;
}

async function ensureGroup(
  group: ContainerGroup,
  key: string,
  options: {
    readonly context: ContainerContext;
    readonly phases: PhaseReporter;
    readonly stageName: string;
    readonly lower: readonly LayerFile[];
    readonly base: Parameters<typeof changeByGroup>[1]["base"];
  },
): Promise<StoredLayer> {
  const { context, phases, stageName, lower, base } = options;
  const name = `${stageName}:${group.line}`;
  return phases.run(name, group.title, async (phase) => {
    const found = await findLayer(context.store, { key, name });
    if (found !== undefined) {
      phase.cached();
      return found;
    }
    const change = (lowerTrees: readonly string[], folder: string): ReturnType<typeof changeByGroup> =>
      changeByGroup(group, { lowerTrees, folder, base }, context, phase);
    const work = { name, key, mtimeSeconds: softwareTimeSeconds, change };
    const layer = await ensureLayer(work, lower, context, phase);
    phase.detail = formatSize(layer.sizeBytes);
    return layer;
  });
}
