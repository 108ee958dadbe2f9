import { AppError } from "@repo2singularity/base";
import { ensureLayers } from "./ensure-layers.ts";
import { holdsRepository, keyGroups } from "./group-key.ts";
import type { BuildDependencies, BuildRequest, BuildResult } from "./build-request.ts";
import { checkLockedBase, checkLockedImage } from "../lock/compare-lock.ts";
import { finishImage, type UnfinishedImage } from "./finish-image.ts";
import { imageTexts } from "./image-texts.ts";
import { imageKey, imageLabels } from "./image-record.ts";
import { PhaseReporter } from "./phase.ts";
import { repoTree } from "./plan-checkout.ts";
import { findContainerFile } from "../container/find-container-file.ts";
import { planOnBase } from "./plan-on-base.ts";
import { mergePackages } from "./resolved-packages.ts";
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
  if (request.container?.addsJupyter === true) phases.notice("--jupyter: the image has the Jupyter server anyway");
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
  const below = [{ digest: base.digest, path: base.layerPath }];
  const layers = await ensureLayers(groups, { base, below }, { ...request, recipe, basePath, day }, deps, phases);
  const softwareCount = groups.filter(({ group }) => !holdsRepository(group)).length;
  const image: UnfinishedImage = {
    key,
    recipe,
    texts,
    base,
    layers: [{ name: "base", key: base.digest, digest: base.digest, sizeBytes: base.sizeBytes }, ...layers],
    packages: [base.packages, ...layers.map((layer) => layer.packages)],
    composition: {
      software: [...below, ...layers.slice(0, softwareCount)],
      content: layers.slice(softwareCount),
    },
  };
  if (request.lock !== undefined) checkLockedImage(request.lock, mergePackages(image.packages));
  await finishImage(image, request, deps, phases);
  return { ...result, outcome: "built" };
}

function lockOfContainer(file: string): AppError {
  return new AppError("E_LOCK_UNFIT", `${file} itself says what is installed: a lock cannot be laid upon it`, {
    hint: "pin the versions in the file, or build without --locked",
  });
}
