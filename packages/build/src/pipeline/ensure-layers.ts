import { formatSize } from "@repo2singularity/base";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { lockGroups } from "../lock/locked-groups.ts";
import { lockSetting } from "../lock/step-lock.ts";
import type { BuildDependencies, BuildRequest } from "./build-request.ts";
import { findGroupLayer, type StoredLayer } from "./find-layer.ts";
import type { GroupContext } from "./group-context.ts";
import type { KeyedGroup } from "./group-key.ts";
import { ensureGroupLayer } from "./group-layer.ts";
import type { PhaseReporter } from "./phase.ts";
import type { StepSetting } from "./step-setting.ts";

/** What the groups of a recipe stand on. */
export interface LayersBelow {
  /** What steps need to know of the tree that they start from. */
  readonly base: ResolvedBase;
  /** The layers of that tree, bottom first. */
  readonly below: readonly Pick<StoredLayer, "digest" | "path">[];
}

/** What of a request decides how layers are made. */
export type LayersRequest = Pick<BuildRequest, "checkout" | "format" | "lock" | "secrets"> &
  Pick<GroupContext, "recipe" | "basePath"> & {
    /** `YYYY-MM-DD` when packages are those of that day. */
    readonly day: string | undefined;
  };

/**
 * The layers of a recipe's groups, in order; only those that no earlier build made are made.
 * @throws what steps throw
 */
export async function ensureLayers(
  groups: readonly KeyedGroup[],
  { base, below }: LayersBelow,
  request: LayersRequest,
  deps: BuildDependencies,
  phases: PhaseReporter,
): Promise<readonly StoredLayer[]> {
  const layers: StoredLayer[] = [];
  let context: GroupContext | undefined;
  for await (const { group: keyed, publicKey } of lockGroups(groups, request.lock, deps.store)) {
    deps.signal.throwIfAborted();
    const layer = await phases.run(keyed.group.name, keyed.group.title, async (phase) => {
      const found = await findGroupLayer(deps.store, keyed);
      if (found !== undefined) {
        phase.cached();
        return found;
      }
      context ??= {
        ...request,
        ...deps,
        executor: once(() => deps.selectExecutor()),
        setting: once(() => makeSetting(base, request, deps)),
      };
      const built = await ensureGroupLayer(keyed, [...below, ...layers], context, phase);
      phase.detail = formatSize(built.sizeBytes);
      return built;
    });
    layers.push({ ...layer, key: publicKey });
  }
  return layers;
}

async function makeSetting(
  base: ResolvedBase,
  { lock, recipe, day }: LayersRequest,
  deps: BuildDependencies,
): Promise<StepSetting> {
  const setting = await deps.makeSetting(base, { day });
  if (lock === undefined) return setting;
  return lockSetting(setting, lock, {
    folder: await deps.store.makeScratchFolder(),
    rProfile: recipe.environment["R_PROFILE"],
  });
}

/** Does some work when its result is first asked for. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
