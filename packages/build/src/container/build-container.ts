import type { ContainerRecipe, ImageConfig } from "@repo2singularity/contracts";
import type { SingularityTreeOptions } from "@repo2singularity/image";
import type { RepoTree } from "@repo2singularity/recipe";
import { emptyConfig, parseLabels } from "@repo2singularity/recipe/container";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { BuildDependencies, BuildRequest, BuildResult, ContainerRequest } from "../pipeline/build-request.ts";
import { softwareTimeSeconds } from "../pipeline/group-key.ts";
import { finishImage, type UnfinishedImage } from "../pipeline/finish-image.ts";
import { imageKey, imageLabels } from "../pipeline/image-record.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import type { StepSetting } from "../pipeline/step-setting.ts";
import { isKept } from "../pipeline/write-output.ts";
import { addJupyter, keyWithJupyter } from "./add-jupyter.ts";
import { BaseImages } from "./base-images.ts";
import { type BuiltStage, buildStages } from "./build-stages.ts";
import type { ContainerContext } from "./container-context.ts";
import { containerTexts } from "./container-texts.ts";
import type { FoundContainerFile } from "./find-container-file.ts";
import { type KeyedStage, keyStages } from "./key-stages.ts";
import { applyContainerWishes } from "./container-wishes.ts";
import { planContainerCheckout } from "./plan-container-checkout.ts";
import { runImageTest } from "./run-test.ts";
import { contextTree } from "./source-tree.ts";

/** Choices of somebody who made none. */
const noChoices: ContainerRequest = { buildArgs: {}, images: {}, runsTest: true, addsJupyter: false };

/** An image that is about to be built. */
interface PlannedImage {
  readonly recipe: ContainerRecipe;
  readonly stage: KeyedStage;
  readonly base: ResolvedBase;
  readonly texts: SingularityTreeOptions;
  readonly key: string;
}

/**
 * Builds the image that a Dockerfile or definition file describes.
 * @throws what planning, bases and steps throw; E_OUTPUT_EXISTS
 */
export async function buildContainer(
  found: FoundContainerFile,
  tree: RepoTree,
  request: BuildRequest,
  deps: BuildDependencies,
  phases: PhaseReporter,
): Promise<BuildResult> {
  const { checkout, output, platform } = request;
  const choices = request.container ?? noChoices;
  const images = new BaseImages(choices.images, checkout.directory, deps, phases);
  const { target, buildArgs } = choices;
  const planned = await planContainerCheckout(found, { tree, platform, target, buildArgs }, (reference, signers) =>
    images.describe(reference, signers),
  );
  const { recipe, labels } = await applyContainerWishes(planned, tree, request.wishes ?? {});
  for (const { subject, outcome, reason } of recipe.decisions) {
    if (outcome === "ignored") phases.notice(`${subject}: ${reason}`);
  }
  const context = await makeContext(recipe, await images.resolveAll(recipe), request, deps);
  const keyed = await keyStages(context);
  const image = planImage(recipe, keyed, labels, context);
  const { config } = image.stage.stage;
  const key = choices.addsJupyter ? await keyWithJupyter(image.key, request) : image.key;
  const result = { path: output.path, key, labels: image.texts.labels, ...ownCommand(config, choices) };
  if (await isKept(output, key)) {
    phases.notice(`${output.path} is this very image: kept`);
    return { ...result, outcome: "kept" };
  }
  const built = await buildStages(image.stage.stage.name, keyed, context, phases);
  const texts = withNotes(image.texts, built);
  if (texts.test !== undefined && choices.runsTest) {
    const layers = [...built.below, ...built.layers];
    await phases.run("test", "%test", (phase) =>
      runImageTest(texts, { key: image.key, layers, base: image.base }, context, phase),
    );
  }
  const finished = unfinishedImage({ ...image, texts }, built);
  const container = { image: finished, base: image.base, stageKey: image.stage.key, config };
  await finishImage(
    choices.addsJupyter ? await addJupyter(container, request, deps, phases) : finished,
    request,
    deps,
    phases,
  );
  return { ...result, outcome: "built" };
}

/** What the image runs; with our Jupyter upon it, that. */
function ownCommand({ entrypoint, cmd }: ImageConfig, { addsJupyter }: ContainerRequest): Pick<BuildResult, "command"> {
  return addsJupyter ? {} : { command: { entrypoint, cmd } };
}

async function makeContext(
  recipe: ContainerRecipe,
  bases: ReadonlyMap<string, ResolvedBase>,
  request: BuildRequest,
  deps: BuildDependencies,
): Promise<Omit<ContainerContext, "stageLayers">> {
  const settings = new Map<string, Promise<StepSetting>>();
  let executor: ReturnType<BuildDependencies["selectExecutor"]> | undefined;
  return {
    store: deps.store,
    host: deps.host,
    checkout: request.checkout,
    recipe,
    format: request.format,
    extentCache: deps.extentCache,
    secrets: request.secrets ?? new Map(),
    signal: deps.signal,
    maxFiles: deps.maxFiles,
    bases,
    repository: await contextTree(request.checkout),
    executor: () => (executor ??= deps.selectExecutor()),
    setting: (base) => {
      const known = settings.get(base.digest) ?? deps.makeSetting(base, { way: "container" });
      settings.set(base.digest, known);
      return known;
    },
    client: () => deps.openClient(),
  };
}

function planImage(
  recipe: ContainerRecipe,
  keyed: ReadonlyMap<string, KeyedStage>,
  labels: Readonly<Record<string, string>>,
  context: Omit<ContainerContext, "stageLayers">,
): PlannedImage {
  const { checkout, bases } = context;
  const stage = keyed.get(recipe.stages.at(-1)?.name ?? "");
  const base = bases.get(stage?.baseReference ?? "");
  if (stage === undefined || base === undefined) throw new TypeError("a recipe has a last stage, and it a base");
  const texts = containerTexts(recipe, {
    config: stage.stage.config,
    baseConfig: base.config ?? emptyConfig,
    labels: imageLabels(checkout, { base: base.reference, family: recipe.family, labels }),
    timestampSeconds: checkout.commitTimeSeconds ?? softwareTimeSeconds,
  });
  return { recipe, stage, base, texts, key: imageKey(keptOf(recipe), stage.key, texts) };
}

/** What of the recipe an image's key needs besides its layers: nothing that only says where a line stands. */
function keptOf({ family, platform, file }: ContainerRecipe): unknown {
  return { family, platform, file };
}

/** Labels that `%post` left; the variables that it left lie in their layer. */
function withNotes(texts: SingularityTreeOptions, { layers }: BuiltStage): SingularityTreeOptions {
  const left = layers.map(({ notes }) => parseLabels(notes["labels"] ?? ""));
  return { ...texts, labels: Object.assign({}, texts.labels, ...left) as Record<string, string> }; // of records of strings
}

function unfinishedImage({ recipe, base, texts, key }: PlannedImage, built: BuiltStage): UnfinishedImage {
  return {
    key,
    recipe,
    texts,
    base,
    layers: [{ name: "base", key: base.digest, digest: base.digest, sizeBytes: base.sizeBytes }, ...built.layers],
    packages: [base.packages, ...built.layers.map(({ packages }) => packages)],
    // what an edit of the last line leaves alone is composed once and kept
    composition: { software: [...built.below, ...built.layers.slice(0, -1)], content: built.layers.slice(-1) },
  };
}
