import { formatSize } from "@repo2singularity/base";
import type { ImageRecord, Recipe } from "@repo2singularity/contracts";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { holdsRepository, keyGroups, type KeyedGroup, softwareTimeSeconds } from "./group-key.ts";
import type { BuildDependencies, BuildRequest, BuildResult } from "./build-request.ts";
import type { GroupContext } from "./group-context.ts";
import { ensureGroupLayer, findGroupLayer, type StoredLayer } from "./group-layer.ts";
import { makeImageLayer } from "./image-layer.ts";
import { imageTexts } from "./image-texts.ts";
import { imageKey, imageLabels, recordSource } from "./image-record.ts";
import { PhaseReporter } from "./phase.ts";
import { planCheckout, repoTree } from "./plan-checkout.ts";
import { findContainerFile } from "../container/find-container-file.ts";
import { type PlanWishes, readWishes } from "./plan-wishes.ts";
import { mergePackages } from "./resolved-packages.ts";
import { defaultBasePath } from "./step-setting.ts";
import { isKept, writeOutput } from "./write-output.ts";

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
  const wishes = await readWishes(tree, request.wishes ?? {}, { checkout, nowMs: deps.now() });
  const base = await phases.run("base", "Base", (phase) => deps.resolveBase(phase, { reference: wishes.base }));
  for (const notice of base.notices) phases.notice(notice);
  const planned = await planCheckout(checkout, { ...request, base: base.facts, wishes });
  const { PATH: basePath = defaultBasePath, ...baseVariables } = base.environment;
  const recipe = { ...planned, environment: { ...baseVariables, ...planned.environment } };
  const timestampSeconds = checkout.commitTimeSeconds ?? softwareTimeSeconds;
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
  const result = { path: output.path, key, labels, ...ownCommand(wishes, recipe) };
  if (await isKept(output, key)) {
    phases.notice(`${output.path} is this very image: kept`);
    return { ...result, outcome: "kept" };
  }
  const layers = await ensureLayers(
    groups,
    base,
    { ...request, recipe, basePath, day: wishes.date?.day },
    deps,
    phases,
  );
  await phases.run("compose", "Image", async (phase) => {
    const top = await makeImageLayer(deps.store, { texts, format: request.format, key });
    const record: ImageRecord = {
      schemaVersion: 1,
      key,
      source: recordSource(checkout),
      base: { reference: base.reference, digest: base.digest },
      platform: recipe.platform,
      timestamp: timestampSeconds,
      recipe,
      layers: [{ name: "base", key: base.digest, digest: base.digest, sizeBytes: base.sizeBytes }, ...layers, top].map(
        ({ name, key: layerKey, digest, sizeBytes }) => ({ name, key: layerKey, digest, sizeBytes }),
      ),
      packages: [...mergePackages([base.packages, ...layers.map((layer) => layer.packages)])],
    };
    const softwareCount = groups.filter(({ group }) => !holdsRepository(group)).length;
    const parts = {
      layers: {
        software: [{ digest: base.digest, path: base.layerPath }, ...layers.slice(0, softwareCount)],
        content: [...layers.slice(softwareCount), top],
      },
      record,
      texts,
      platform: recipe.platform,
      store: deps.store,
      signal: deps.signal,
    };
    await writeOutput(output, parts, phase, phases);
  });
  return { ...result, outcome: "built" };
}

/** A command that the repository's own file names takes the place of Jupyter Lab, and gets none of its options. */
function ownCommand({ own }: PlanWishes, { command }: Recipe): Pick<BuildResult, "command"> {
  return own?.values.command === undefined ? {} : { command: { entrypoint: [], cmd: command } };
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
