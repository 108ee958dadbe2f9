import { formatSize } from "@repo2singularity/base";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { holdsRepository, keyGroups, type KeyedGroup } from "./group-key.ts";
import type { BuildDependencies, BuildRequest, BuildResult } from "./build-request.ts";
import type { GroupContext } from "./group-context.ts";
import { ensureGroupLayer, findGroupLayer, type StoredLayer } from "./group-layer.ts";
import { finishImage, type UnfinishedImage } from "./finish-image.ts";
import { imageTexts } from "./image-texts.ts";
import { imageKey, imageLabels } from "./image-record.ts";
import { PhaseReporter } from "./phase.ts";
import { repoTree } from "./plan-checkout.ts";
import { findContainerFile } from "../container/find-container-file.ts";
import { planOnBase } from "./plan-on-base.ts";
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
    const { buildContainer } = await import("../container/build-container.ts");
    return buildContainer(container, tree, request, deps, phases);
  }
  const { recipe, base, basePath, timestampSeconds, day, command } = await planOnBase(tree, request, deps, phases);
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
  if (await isKept(output, key)) {
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
  for (const keyed of groups) {
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
        setting: once(() => deps.makeSetting(base, { day: request.day })),
      };
      const lower = [{ digest: base.digest, path: base.layerPath }, ...layers];
      const built = await ensureGroupLayer(keyed, lower, context, phase);
      phase.detail = formatSize(built.sizeBytes);
      return built;
    });
    layers.push(layer);
  }
  return layers;
}

/** Does some work when its result is first asked for. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
