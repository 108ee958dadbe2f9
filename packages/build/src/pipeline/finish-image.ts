import type { ImageRecord } from "@repo2singularity/contracts";
import type { SingularityTreeOptions } from "@repo2singularity/image";
import type { BuildDependencies, BuildRequest } from "./build-request.ts";
import type { ImageLayers } from "./compose-layers.ts";
import type { StoredLayer } from "./find-layer.ts";
import { makeImageLayer } from "./image-layer.ts";
import { recordSource } from "./image-record.ts";
import type { PhaseReporter } from "./phase.ts";
import { type LayerPackages, mergeFiles, mergePackages } from "./resolved-packages.ts";
import { writeOutput } from "./write-output.ts";

/** An image of which everything is there but the layer on top. */
export interface UnfinishedImage {
  /** Of the whole image. */
  readonly key: string;
  /** Goes into the record as it is. */
  readonly recipe: unknown;
  readonly texts: SingularityTreeOptions;
  readonly base: ImageRecord["base"];
  /** For the record, bottom first. */
  readonly layers: readonly Pick<StoredLayer, "name" | "key" | "digest" | "sizeBytes">[];
  /** What each layer says of packages, bottom first. */
  readonly packages: readonly LayerPackages[];
  /** The layers in two parts: see {@link ImageLayers}. The layer on top is added to the content. */
  readonly composition: ImageLayers;
}

/**
 * Puts the layer with `/.singularity.d` on top, composes all layers and writes the output, which appears under its name
 * when it is whole.
 */
export function finishImage(
  image: UnfinishedImage,
  request: Pick<BuildRequest, "checkout" | "platform" | "format" | "output">,
  deps: Pick<BuildDependencies, "store" | "signal">,
  phases: PhaseReporter,
): Promise<void> {
  const { key, recipe, texts, base, composition } = image;
  const { checkout, platform, format, output } = request;
  const { store, signal } = deps;
  return phases.run("compose", "Image", async (phase) => {
    const top = await makeImageLayer(store, { texts, format, key });
    const files = mergeFiles(image.packages);
    const record: ImageRecord = {
      schemaVersion: 1,
      key,
      source: recordSource(checkout),
      base: { reference: base.reference, digest: base.digest },
      platform,
      timestamp: texts.timestampSeconds,
      recipe,
      layers: [...image.layers, top].map(({ name, key: layerKey, digest, sizeBytes }) => {
        return { name, key: layerKey, digest, sizeBytes };
      }),
      packages: [...mergePackages(image.packages)],
      ...(files === undefined ? {} : { files }),
    };
    const layers = { software: composition.software, content: [...composition.content, top] };
    await writeOutput(output, { layers, record, texts, platform, store, signal }, phase, phases);
  });
}
