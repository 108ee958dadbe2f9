import { existsSync } from "node:fs";
import { AppError, formatSize } from "@repo2singularity/base";
import type { BuildEventSink, ImageRecord, Recipe } from "@repo2singularity/contracts";
import type { ExtentCache } from "@repo2singularity/image";
import type { Checkout } from "@repo2singularity/source";
import type { Store } from "@repo2singularity/store";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { ExecutorHost } from "../executor/host.ts";
import type { StepExecutor } from "../executor/port.ts";
import { readImageRecord, readSandboxRecord, writeImageSandbox, writeImageSif } from "./compose-image.ts";
import { holdsRepository, keyGroups, type KeyedGroup, type LayerFormat, softwareTimeSeconds } from "./group-key.ts";
import type { GroupContext } from "./group-context.ts";
import { ensureGroupLayer, findGroupLayer, type StoredLayer } from "./group-layer.ts";
import { makeImageLayer } from "./image-layer.ts";
import { imageTexts } from "./image-texts.ts";
import { imageKey, imageLabels, recordSource } from "./image-record.ts";
import { type Phase, PhaseReporter } from "./phase.ts";
import { planCheckout } from "./plan-checkout.ts";
import { replaceFolder } from "./replace-folder.ts";
import { mergePackages } from "./resolved-packages.ts";
import { defaultBasePath, type StepSetting } from "./step-setting.ts";

/** Where the result goes. */
export interface BuildOutput {
  readonly kind: "sif" | "sandbox";
  /** Absolute path of the SIF or of the sandbox folder. */
  readonly path: string;
  /** Whether something of another key may be replaced. */
  readonly force: boolean;
}

/** What is to be built. */
export interface BuildRequest {
  readonly checkout: Checkout;
  /** A version such as `3.13`, over whatever the repository says. */
  readonly python?: string | undefined;
  /** See `PlanOptions.compat`. */
  readonly compat?: "repo2docker" | undefined;
  readonly platform: Recipe["platform"];
  readonly format: LayerFormat;
  readonly output: BuildOutput;
}

/** What a build works with; expensive parts are made when a build needs them. */
export interface BuildDependencies {
  readonly store: Store;
  readonly host: ExecutorHost;
  readonly extentCache: ExtentCache;
  readonly events: BuildEventSink;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  resolveBase(phase: Phase): Promise<ResolvedBase>;
  selectExecutor(): Promise<StepExecutor>;
  makeSetting(base: ResolvedBase): Promise<StepSetting>;
}

/** What a build gave. */
export interface BuildResult {
  readonly path: string;
  /** `kept` when an image of the same key was there already. */
  readonly outcome: "built" | "kept";
  readonly key: string;
}

/**
 * Builds the image of a checkout, doing only what no earlier build did.
 * The output appears under its name when it is whole.
 * @throws E_OUTPUT_EXISTS when something else is there and `force` is not set; what planning, bases and steps throw
 */
export async function buildImage(request: BuildRequest, deps: BuildDependencies): Promise<BuildResult> {
  const { checkout, output } = request;
  const phases = new PhaseReporter(deps.events, deps.now);
  const base = await phases.run("base", "Base", (phase) => deps.resolveBase(phase));
  for (const notice of base.notices) phases.notice(notice);
  const planned = await planCheckout(checkout, { ...request, base: base.facts });
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
  const key = imageKey(recipe, groups, texts);
  if (await isKept(output, key)) {
    phases.notice(`${output.path} is this very image: kept`);
    return { path: output.path, outcome: "kept", key };
  }
  const layers = await ensureLayers(groups, base, { ...request, recipe, basePath }, deps, phases);
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
  return { path: output.path, outcome: "built", key };
}

/** Whether the output is there with the same key. @throws E_OUTPUT_EXISTS when it is something else */
async function isKept(output: BuildOutput, key: string): Promise<boolean> {
  if (!existsSync(output.path)) return false;
  const read = output.kind === "sif" ? readImageRecord : readSandboxRecord;
  const record = await read(output.path).catch(() => undefined);
  const mayReplace = output.kind === "sif" || record !== undefined; // a folder may be anything, a home even
  if (output.force && mayReplace) return false;
  if (record?.key === key) return true;
  const what =
    record === undefined
      ? "something else"
      : `an image of ${record.source.revision ?? record.source.commit ?? "another state"}`;
  throw new AppError("E_OUTPUT_EXISTS", `${output.path} is there already and is ${what}`, {
    hint: mayReplace
      ? "add --force to replace it, or choose another name"
      : "choose a folder that does not exist: only a sandbox that was built here is ever replaced",
  });
}

async function ensureLayers(
  groups: readonly KeyedGroup[],
  base: ResolvedBase,
  request: BuildRequest & Pick<GroupContext, "recipe" | "basePath">,
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
        setting: once(() => deps.makeSetting(base)),
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

async function writeOutput(
  output: BuildOutput,
  parts: Parameters<typeof writeImageSif>[1],
  phase: Phase,
  phases: PhaseReporter,
): Promise<void> {
  if (output.kind === "sif") {
    const { sizeBytes, notes } = await writeImageSif(output.path, parts);
    phase.detail = formatSize(sizeBytes);
    for (const note of notes) phases.notice(note);
    return;
  }
  await replaceFolder(output.path, (unfinished) => writeImageSandbox(unfinished, parts));
}
