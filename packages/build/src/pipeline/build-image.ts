import { AppError, formatSize } from "@repo2singularity/base";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { holdsRepository, keyGroups, type KeyedGroup } from "./group-key.ts";
import type { BuildDependencies, BuildRequest, BuildResult } from "./build-request.ts";
import type { GroupContext } from "./group-context.ts";
import { findGroupLayer, type StoredLayer } from "./find-layer.ts";
import { ensureGroupLayer } from "./group-layer.ts";
import { checkLockedBase, checkLockedImage } from "../lock/compare-lock.ts";
import { lockGroups } from "../lock/locked-groups.ts";
import { lockSetting } from "../lock/step-lock.ts";
import { finishImage, type UnfinishedImage } from "./finish-image.ts";
import { imageTexts } from "./image-texts.ts";
import { imageKey, imageLabels } from "./image-record.ts";
import { PhaseReporter } from "./phase.ts";
import { repoTree } from "./plan-checkout.ts";
import { findContainerFile } from "../container/find-container-file.ts";
import { planOnBase } from "./plan-on-base.ts";
import { mergePackages } from "./resolved-packages.ts";
import type { StepSetting } from "./step-setting.ts";
import { isKept } from "./write-output.ts";

/**
 * Builds the image of a checkout, doing only what no earlier build did.
 * The output appears under its name when it is whole.
 * @throws E_OUTPUT_EXISTS when something else is there and `force` is not set; what planning, bases and steps throw
 */
export async function buildImage(request: BuildRequest, deps: BuildDependencies): Promise<BuildResult> {
  const { checkout, output } = request;
  const phases = new PhaseReporter(deps.events, deps.now);
  const tree = await repoTree(checkout);
  const container = findContainerFile(checkout.directory, tree, request.container?.definition);
  if (container !== undefined) {
    if (request.lock !== undefined) throw lockOfContainer(container.file.path);
    const { buildContainer } = await import("../container/build-container.ts");
    return buildContainer(container, tree, request, deps, phases);
  }
  const { recipe, base, basePath, timestampSeconds, day, command } = await planOnBase(tree, request, deps, phases);
  if (request.lock !== undefined) checkLockedBase(request.lock, base, request.platform);
  const groups = await keyGroups(recipe, {
    baseDigest: base.digest,
    basePath,
    format: request.format,
    contentDigest: (paths) => checkout.contentDigest(paths),
    timestampSeconds,
  });
  const labels = imageLabels(checkout, recipe);
  const texts = imageTexts(recipe, { labels, basePath, timestampSeconds });
  const key = imageKey(recipe, groups.at(-1)?.key, texts);
  const result = { path: output.path, key, labels, ...(command === undefined ? {} : { command }) };
  if (await isKept(output, key, request.lock)) {
    phases.notice(`${output.path} is this very image: kept`);
    return { ...result, outcome: "kept" };
  }
  const layers = await ensureLayers(groups, base, { ...request, recipe, basePath, day }, deps, phases);
  const softwareCount = groups.filter(({ group }) => !holdsRepository(group)).length;
  const image: UnfinishedImage = {
    key,
    recipe,
    texts,
    base,
    layers: [{ name: "base", key: base.digest, digest: base.digest, sizeBytes: base.sizeBytes }, ...layers],
    packages: [base.packages, ...layers.map((layer) => layer.packages)],
    composition: {
      software: [{ digest: base.digest, path: base.layerPath }, ...layers.slice(0, softwareCount)],
      content: layers.slice(softwareCount),
    },
  };
  if (request.lock !== undefined) checkLockedImage(request.lock, mergePackages(image.packages));
  await finishImage(image, request, deps, phases);
  return { ...result, outcome: "built" };
}

async function ensureLayers(
  groups: readonly KeyedGroup[],
  base: ResolvedBase,
  request: BuildRequest & Pick<GroupContext, "recipe" | "basePath"> & { readonly day: string | undefined },
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
      const lower = [{ digest: base.digest, path: base.layerPath }, ...layers];
      const built = await ensureGroupLayer(keyed, lower, context, phase);
      phase.detail = formatSize(built.sizeBytes);
      return built;
    });
    layers.push({ ...layer, key: publicKey });
  }
  return layers;
}

async function makeSetting(
  base: ResolvedBase,
  { lock, recipe, day }: Pick<GroupContext, "lock" | "recipe"> & { readonly day: string | undefined },
  deps: BuildDependencies,
): Promise<StepSetting> {
  const setting = await deps.makeSetting(base, { day });
  if (lock === undefined) return setting;
  return lockSetting(setting, lock, {
    folder: await deps.store.makeScratchFolder(),
    rProfile: recipe.environment["R_PROFILE"],
  });
}

function lockOfContainer(file: string): AppError {
  return new AppError("E_LOCK_UNFIT", `${file} itself says what is installed: a lock cannot be laid upon it`, {
    hint: "pin the versions in the file, or build without --locked",
  });
}

/** Does some work when its result is first asked for. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
