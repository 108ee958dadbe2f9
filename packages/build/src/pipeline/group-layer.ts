import { rename } from "node:fs/promises";
import path from "node:path";
import type { Digest } from "@repo2singularity/base";
import { captureLayer } from "../layer/capture-layer.ts";
import { checkLockedGroup } from "../lock/locked-groups.ts";
import { materializeLayer } from "../layer/materialize-layer.ts";
import { findLayer, layerRecord, type StoredLayer } from "./find-layer.ts";
import type { GroupContext } from "./group-context.ts";
import type { KeyedGroup } from "./group-key.ts";
import type { Phase } from "./phase.ts";
import { type LayerPackages, readLayerPackages } from "./resolved-packages.ts";
import { runSteps } from "./run-steps.ts";

/** How a layer is made. */
export interface LayerWork extends Pick<KeyedGroup, "key" | "mtimeSeconds"> {
  readonly name: string;
  /** Looks at what the layer holds before it is kept; throws when that may not be. */
  readonly check?: (packages: LayerPackages) => void;
  /**
   * Changes a tree.
   * @param lowerTrees the unpacked layers below, bottom first
   * @param folder a private folder
   * @returns the upper folder in overlay form, inside `folder`, and texts for the image
   */
  change(
    lowerTrees: readonly string[],
    folder: string,
  ): Promise<{ readonly upper: string; readonly notes?: Readonly<Record<string, string>> }>;
}

/** What making and finding layers needs. */
export type LayerContext = Pick<GroupContext, "store" | "host" | "format" | "extentCache" | "signal" | "maxFiles">;

/**
 * The layer of a group over the layers below it, built once however many processes ask for it.
 * @param lower layers bottom first, the base among them
 * @throws E_STEP_FAILED, E_STEP_TIMEOUT with the last lines of the step
 */
export function ensureGroupLayer(
  keyed: KeyedGroup,
  lower: readonly Pick<StoredLayer, "digest" | "path">[],
  context: GroupContext,
  phase: Phase,
): Promise<StoredLayer> {
  const { key, mtimeSeconds, group } = keyed;
  const change: LayerWork["change"] = async (lowerTrees, folder) => {
    return { upper: await runSteps(keyed, { ...context, lowerTrees, folder }, phase) };
  };
  const { lock } = context;
  const check = (packages: LayerPackages): void => {
    if (lock !== undefined) checkLockedGroup(lock, group, packages);
  };
  return ensureLayer({ name: group.name, key, mtimeSeconds, check, change }, lower, context, phase);
}

/**
 * A layer over the layers below it, made once however many processes ask for it.
 * @param lower layers bottom first, at least one
 * @throws what the work throws
 */
export function ensureLayer(
  work: LayerWork,
  lower: readonly Pick<StoredLayer, "digest" | "path">[],
  context: LayerContext,
  phase: Phase,
): Promise<StoredLayer> {
  const { store, signal } = context;
  return store.computeOnce(`layer-${work.key}`, {
    signal,
    find: () => findLayer(store, work),
    work: () => makeLayer(work, lower, context, phase),
  });
}

async function makeLayer(
  work: LayerWork,
  lower: readonly Pick<StoredLayer, "digest" | "path">[],
  context: LayerContext,
  phase: Phase,
): Promise<StoredLayer> {
  const { store, host, format, extentCache, signal, maxFiles } = context;
  const { name, key, mtimeSeconds } = work;
  const lowerTrees: string[] = [];
  for (const layer of lower) lowerTrees.push(await ensureLayerTree(layer, context));
  const folder = await store.makeScratchFolder();
  const { upper, notes = {} } = await work.change(lowerTrees, folder);
  const packages = await readLayerPackages(upper);
  work.check?.(packages);
  phase.log("packing the layer");
  const file = path.join(folder, "layer.sqfs");
  await captureLayer(upper, file, { ...format, host, lowerTrees, mtimeSeconds, extentCache, signal, maxFiles });
  const stored = await store.putFile(file, { move: true });
  await store.ensureTree(treeKey(stored.digest), (target) => rename(upper, target));
  await store.writeRecord(layerRecord, key, { packages, notes }, [stored.digest]);
  return { name, key, ...stored, packages, notes };
}

/** The unpacked folder of a layer, made from its file when the cache dropped it. */
export function ensureLayerTree(
  layer: Pick<StoredLayer, "digest" | "path">,
  { store, host, signal }: Pick<LayerContext, "store" | "host" | "signal">,
): Promise<string> {
  const fill = (folder: string): Promise<void> => materializeLayer(layer.path, folder, { host, signal });
  return store.ensureTree(treeKey(layer.digest), fill, { signal });
}

function treeKey(digest: Digest): string {
  return digest.slice("sha256:".length);
}
