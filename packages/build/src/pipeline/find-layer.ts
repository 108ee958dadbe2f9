import type { Digest } from "@repo2singularity/base";
import { LockedPackage, PackageLock } from "@repo2singularity/contracts";
import type { Store } from "@repo2singularity/store";
import * as z from "zod";
import type { KeyedGroup } from "./group-key.ts";
import type { LayerPackages } from "./resolved-packages.ts";

/** A layer in the store. */
export interface StoredLayer {
  readonly name: string;
  readonly key: string;
  readonly digest: Digest;
  readonly path: string;
  readonly sizeBytes: number;
  readonly packages: LayerPackages;
  /** Texts that its steps left for the image, such as labels. */
  readonly notes: Readonly<Record<string, string>>;
}

/** The kind of record that says which file is the layer of a key. */
export const layerRecord = "layer";

const LayerRecord = z.object({
  packages: z.object({
    apt: z.array(LockedPackage).optional(),
    installed: z.record(z.string(), LockedPackage),
    removed: z.array(z.string()),
    files: PackageLock.shape.files,
  }),
  notes: z.record(z.string(), z.string()).optional(),
});

/** The layer of a group that was built before, or `undefined`. */
export function findGroupLayer(store: Store, { key, group }: KeyedGroup): Promise<StoredLayer | undefined> {
  return findLayer(store, { key, name: group.name });
}

/** A layer that was made before, or `undefined`. */
export async function findLayer(
  store: Store,
  { key, name }: Pick<StoredLayer, "key" | "name">,
): Promise<StoredLayer | undefined> {
  const record = await store.readRecord(layerRecord, key);
  const digest = record?.files[0];
  const file = digest === undefined ? undefined : await store.find(digest);
  const value = LayerRecord.safeParse(record?.value);
  if (file === undefined || !value.success) return undefined;
  return { name, key, ...file, packages: value.data.packages, notes: value.data.notes ?? {} };
}
