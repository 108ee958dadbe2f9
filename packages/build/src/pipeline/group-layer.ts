import { rename } from "node:fs/promises";
import path from "node:path";
import type { Digest } from "@repo2singularity/base";
import { LockedPackage } from "@repo2singularity/contracts";
import type { Store } from "@repo2singularity/store";
import * as z from "zod";
import { captureLayer } from "../layer/capture-layer.ts";
import { materializeLayer } from "../layer/materialize-layer.ts";
import type { GroupContext } from "./group-context.ts";
import type { KeyedGroup } from "./group-key.ts";
import type { Phase } from "./phase.ts";
import { type LayerPackages, readLayerPackages } from "./resolved-packages.ts";
import { runSteps } from "./run-steps.ts";

/** A layer in the store. */
export interface StoredLayer {
  readonly name: string;
  readonly key: string;
  readonly digest: Digest;
  readonly path: string;
  readonly sizeBytes: number;
  readonly packages: LayerPackages;
}

const layerRecord = "layer";

const LayerRecord = z.object({
  packages: z.object({
    apt: z.array(LockedPackage).optional(),
    python: z.record(z.string(), LockedPackage),
    removed: z.array(z.string()),
  }),
});

/** The layer of a group that was built before, or `undefined`. */
export async function findGroupLayer(store: Store, { key, group }: KeyedGroup): Promise<StoredLayer | undefined> {
  const record = await store.readRecord(layerRecord, key);
  const digest = record?.files[0];
  const file = digest === undefined ? undefined : await store.find(digest);
  const value = LayerRecord.safeParse(record?.value);
  if (file === undefined || !value.success) return undefined;
  return { name: group.name, key, ...file, packages: value.data.packages };
}

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
  const { store, signal } = context;
  return store.computeOnce(`layer-${keyed.key}`, {
    signal,
    find: () => findGroupLayer(store, keyed),
    work: () => buildGroupLayer(keyed, lower, context, phase),
  });
}

async function buildGroupLayer(
  keyed: KeyedGroup,
  lower: readonly Pick<StoredLayer, "digest" | "path">[],
  context: GroupContext,
  phase: Phase,
): Promise<StoredLayer> {
  const { store, host, format, extentCache, signal } = context;
  const lowerTrees: string[] = [];
  for (const layer of lower) lowerTrees.push(await ensureLayerTree(layer, context));
  const folder = await store.makeScratchFolder();
  const upper = await runSteps(keyed, { ...context, lowerTrees, folder }, phase);
  const packages = await readLayerPackages(upper);
  phase.log("packing the layer");
  const file = path.join(folder, "layer.sqfs");
  await captureLayer(upper, file, {
    ...format,
    host,
    lowerTrees,
    mtimeSeconds: keyed.mtimeSeconds,
    extentCache,
    signal,
  });
  const stored = await store.putFile(file, { move: true });
  await store.ensureTree(treeKey(stored.digest), (target) => rename(upper, target));
  await store.writeRecord(layerRecord, keyed.key, { packages }, [stored.digest]);
  return { name: keyed.group.name, key: keyed.key, ...stored, packages };
}

/** The unpacked folder of a layer, made from its file when the cache dropped it. */
function ensureLayerTree(
  layer: Pick<StoredLayer, "digest" | "path">,
  { store, host, signal }: GroupContext,
): Promise<string> {
  const fill = (folder: string): Promise<void> => materializeLayer(layer.path, folder, { host, signal });
  return store.ensureTree(treeKey(layer.digest), fill, { signal });
}

function treeKey(digest: Digest): string {
  return digest.slice("sha256:".length);
}
