import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@repo2singularity/base";
import { BaseFacts, ImageConfig, LockedPackage } from "@repo2singularity/contracts";
import { openSquashfs, type TreeEntry, writeSquashfs } from "@repo2singularity/image";
import * as z from "zod";
import { softwareTimeSeconds } from "../pipeline/group-key.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import { normalizeBase } from "./normalize-base.ts";
import { BaseObserver } from "./observe-base.ts";
import type { ResolvedBase } from "./resolved-base.ts";
import { TreeOrderWatch } from "./tree-order.ts";

const recordKind = "base";

/** Raised when the same source would give another layer than before. */
const recordVersion = 2;

const BaseRecord = z.strictObject({
  reference: z.string(),
  facts: BaseFacts,
  packages: z.strictObject({
    apt: z.array(LockedPackage).optional(),
    installed: z.record(z.string(), LockedPackage),
    removed: z.array(z.string()),
  }),
  environment: z.record(z.string(), z.string()),
  /** Records of earlier versions have none. */
  config: ImageConfig.default(ImageConfig.parse({})),
  aptSources: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  madeAtMs: z.number(),
});

/** What the layer of a base is made with. */
export type BaseLayerDependencies = Pick<
  BaseDependencies,
  "store" | "format" | "platform" | "extentCache" | "now" | "refresh" | "signal"
>;

/** Where a base comes from, and what its layer is kept under. */
export interface BaseOrigin {
  /** Goes into recipes and images, so no folder of this machine is in it. */
  readonly reference: string;
  /** Everything that decides the content, such as a manifest's digest; the layer's format is added. */
  readonly contentKey: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the base says of how its programs run; nothing but its variables when left out. */
  readonly config?: ImageConfig;
  /** Called at most once, when the layer has to be made. */
  readonly entries: () => AsyncIterable<TreeEntry>;
}

/** The record key of a base in one format. */
function keyOf(contentKey: string, { format, platform }: Pick<BaseDependencies, "format" | "platform">): string {
  const { compression, level, blockSizeBytes } = format;
  return `v${recordVersion} ${platform} ${compression}-${level}-${blockSizeBytes} ${contentKey}`;
}

/** The layer of a base from the store, or `undefined` when it has to be made. */
export async function findBaseLayer(
  contentKey: string,
  deps: Pick<BaseDependencies, "store" | "format" | "platform">,
): Promise<ResolvedBase | undefined> {
  const record = await deps.store.readRecord(recordKind, keyOf(contentKey, deps));
  const value = BaseRecord.safeParse(record?.value);
  const digest = record?.files[0];
  const file = digest === undefined ? undefined : await deps.store.find(digest);
  if (file === undefined || !value.success) return undefined;
  return { ...value.data, digest: file.digest, layerPath: file.path, sizeBytes: file.sizeBytes, notices: [] };
}

/**
 * The layer of a base, made once however many builds ask for it at the same time.
 * @throws what reading the origin throws; E_NO_SPACE
 */
export async function ensureBaseLayer(origin: BaseOrigin, deps: BaseLayerDependencies): Promise<ResolvedBase> {
  const signal = deps.signal === undefined ? {} : { signal: deps.signal };
  const startedMs = deps.now();
  const base = await deps.store.computeOnce(`base ${keyOf(origin.contentKey, deps)}`, {
    find: async () => {
      const found = await findBaseLayer(origin.contentKey, deps);
      // with --refresh only a layer that another build made while this one waited is new enough
      return deps.refresh === true && found !== undefined && found.madeAtMs < startedMs ? undefined : found;
    },
    work: async () => makeBaseLayer(origin, deps),
    ...signal,
  });
  // two references may mean the same content, whose record has the name that came first
  return { ...base, reference: origin.reference, facts: { ...base.facts, reference: origin.reference } };
}

async function makeBaseLayer(origin: BaseOrigin, deps: BaseLayerDependencies): Promise<ResolvedBase> {
  const { store } = deps;
  const observer = new BaseObserver();
  const { path, digestHex } = await packInTreeOrder(observer.watch(normalizeBase(origin.entries())), deps);
  const knownDigest: Digest = `sha256:${digestHex}`;
  const stored = await store.putFile(path, { move: true, knownDigest });
  const value: z.infer<typeof BaseRecord> = {
    reference: origin.reference,
    ...observedValues(observer, origin.reference),
    environment: { ...origin.environment },
    config: origin.config ?? ImageConfig.parse({ environment: origin.environment }),
    madeAtMs: deps.now(),
  };
  await store.writeRecord(recordKind, keyOf(origin.contentKey, deps), value, [stored.digest]);
  const { digest, sizeBytes } = stored;
  return { ...value, digest, layerPath: stored.path, sizeBytes, notices: [] };
}

/**
 * Packs a base so that equal trees give equal bytes, whatever order their entries came in: what came in another order
 * than the tree's, as from an archive of several layers, is packed once more from the first image.
 */
async function packInTreeOrder(
  entries: AsyncIterable<TreeEntry>,
  { store, format, signal, extentCache }: BaseLayerDependencies,
): Promise<{ readonly path: string; readonly digestHex: string }> {
  const folder = await store.makeScratchFolder();
  const options = {
    ...format,
    mtimeSeconds: softwareTimeSeconds,
    ...(extentCache === undefined ? {} : { extentCache }),
    ...(signal === undefined ? {} : { signal }),
  };
  const order = new TreeOrderWatch();
  const first = join(folder, "base.sqfs");
  const { digestHex } = await writeSquashfs(order.watch(entries), first, options);
  if (order.isOrdered) return { path: first, digestHex };
  const path = join(folder, "ordered.sqfs");
  await using image = await openSquashfs(first);
  const written = await writeSquashfs(image.entries(signal === undefined ? {} : { signal }), path, options);
  await rm(first);
  return { path, digestHex: written.digestHex };
}

function observedValues(
  observer: BaseObserver,
  reference: string,
): Pick<z.infer<typeof BaseRecord>, "aptSources" | "facts" | "packages"> {
  const { facts, packages, aptSources } = observer.observation(reference);
  const { apt, installed, removed } = packages;
  return {
    facts,
    packages: { ...(apt === undefined ? {} : { apt: [...apt] }), installed, removed: [...removed] },
    aptSources: [...aptSources],
  };
}
