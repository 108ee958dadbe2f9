import { canonicalJson, sha256Hex } from "@repo2singularity/base";
import type { ImageConfig } from "@repo2singularity/contracts";
import { recipeVersion } from "@repo2singularity/contracts/version";
import { openSquashfsFrom, type SingularityTreeOptions } from "@repo2singularity/image";
import { environmentScript, runScript } from "@repo2singularity/recipe";
import { planJupyter } from "@repo2singularity/recipe/container";
import { BaseObserver, type BaseObservation } from "../base/observe-base.ts";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { BuildDependencies, BuildRequest } from "../pipeline/build-request.ts";
import { withComposition } from "../pipeline/compose-layers.ts";
import { ensureLayers } from "../pipeline/ensure-layers.ts";
import type { UnfinishedImage } from "../pipeline/finish-image.ts";
import { holdsRepository, keyGroups } from "../pipeline/group-key.ts";
import type { PhaseReporter } from "../pipeline/phase.ts";
import { defaultBasePath } from "../pipeline/step-setting.ts";

/** The image of a container file, of which everything is there but the layer on top. */
export interface ContainerImage {
  readonly image: UnfinishedImage;
  /** The image that its last stage goes back to. */
  readonly base: ResolvedBase;
  /** Stands for all that its stages hold. */
  readonly stageKey: string;
  readonly config: ImageConfig;
}

type JupyterRequest = Pick<BuildRequest, "checkout" | "format" | "platform" | "python" | "secrets">;

/**
 * The key of a container file's image with Jupyter upon it. What is laid upon it follows from the image, from the
 * version of our recipes and from the repository, so that nothing has to be built to know the key.
 */
export async function keyWithJupyter(imageKey: string, { checkout, python }: JupyterRequest): Promise<string> {
  const content = await checkout.contentDigest(["."]);
  return sha256Hex(canonicalJson({ imageKey, recipeVersion, content, ...(python === undefined ? {} : { python }) }));
}

/**
 * Lays the Jupyter server, a kernel that sees the image's own packages, and the repository upon the image of a
 * container file.
 * @throws E_RECIPE_PYTHON_UNSUPPORTED; what steps throw
 */
export async function addJupyter(
  { image, base, stageKey, config }: ContainerImage,
  request: JupyterRequest,
  deps: BuildDependencies,
  phases: PhaseReporter,
): Promise<UnfinishedImage> {
  const { checkout, format, platform, python, secrets } = request;
  const observed = await observe(image, deps);
  const { PATH: basePath = defaultBasePath, ...variables } = config.environment;
  const planned = planJupyter({ base: observed.facts, path: basePath, platform, python });
  const recipe = { ...planned, environment: { ...variables, ...planned.environment } };
  const groups = await keyGroups(recipe, {
    baseDigest: stageKey,
    basePath,
    format,
    contentDigest: (paths) => checkout.contentDigest(paths),
    timestampSeconds: image.texts.timestampSeconds,
  });
  const below = [...image.composition.software, ...image.composition.content];
  const layers = await ensureLayers(
    groups,
    { base: { ...base, ...observed }, below },
    { checkout, format, lock: undefined, secrets, recipe, basePath, day: undefined },
    deps,
    phases,
  );
  const softwareCount = groups.filter(({ group }) => !holdsRepository(group)).length;
  return {
    ...image,
    key: await keyWithJupyter(image.key, request),
    texts: textsWithJupyter(image.texts, environmentScript(planned)),
    layers: [...image.layers, ...layers],
    packages: [...image.packages, ...layers.map((layer) => layer.packages)],
    composition: { software: [...below, ...layers.slice(0, softwareCount)], content: layers.slice(softwareCount) },
  };
}

/** What the finished tree says of itself, as if it were a base. */
function observe({ base, composition }: UnfinishedImage, deps: BuildDependencies): Promise<BaseObservation> {
  const { store, signal } = deps;
  return withComposition(composition, { store, signal }, async (composed) => {
    const observer = new BaseObserver();
    const entries = observer.watch((await openSquashfsFrom(composed)).entries({ signal }));
    while ((await entries.next()).done !== true);
    return observer.observation(base.reference);
  });
}

/** The image's own variables stay; Jupyter takes the place of what it ran. */
function textsWithJupyter(texts: SingularityTreeOptions, script: string): SingularityTreeOptions {
  const { extraEnvironmentScript = "" } = texts;
  return {
    ...texts,
    extraEnvironmentScript: extraEnvironmentScript === "" ? script : `${extraEnvironmentScript}\n${script}`,
    runscript: runScript,
    startscript: runScript,
    definition: `${texts.definition.trimEnd()}\n# repo2singularity --jupyter laid a Jupyter server and the repository upon this.\n`,
  };
}
