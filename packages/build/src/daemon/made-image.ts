import type { ImageRecord } from "@repo2singularity/contracts";
import { ociTexts, type SingularityTreeOptions } from "@repo2singularity/image";
import type { InspectedImage } from "@repo2singularity/registry";
import { imageConfigOf } from "../base/oci/image-config.ts";
import type { BuildRequest, BuildResult } from "../pipeline/build-request.ts";
import { softwareTimeSeconds } from "../pipeline/group-key.ts";
import { imageLabels } from "../pipeline/image-record.ts";

/** An image that a builder made in the daemon, and what is to be said of it. */
export interface MadeImage {
  readonly name: string;
  /** `sha256:…` */
  readonly id: string;
  /** Goes into the record. */
  readonly recipe: unknown;
  readonly base: ImageRecord["base"];
  readonly texts: SingularityTreeOptions;
  /** See `BuildResult.command`. */
  readonly command: BuildResult["command"];
}

/** An image that runs what its own configuration says, as `image convert` makes one. */
export function imageOfConfig(
  { id, config }: InspectedImage,
  facts: {
    readonly name: string;
    /** The kind of source, and the builder, for labels and the record. */
    readonly family: string;
    readonly builder: string;
    /** What is wished of sessions, as labels. */
    readonly wishes: Readonly<Record<string, string>>;
  },
  { checkout }: Pick<BuildRequest, "checkout">,
): MadeImage {
  const { name, family, builder, wishes } = facts;
  const from = `docker-daemon:${name}`;
  const imageConfig = imageConfigOf(config);
  const own = imageLabels(checkout, { base: from, family, labels: { [builderLabel]: builder } });
  const texts = {
    ...ociTexts({
      ...imageConfig,
      labels: { ...own, ...imageConfig.labels, ...wishes },
      architecture: config.architecture,
      bootstrap: "docker-daemon",
      from: name,
    }),
    definition: `bootstrap: docker-daemon\nfrom: ${name}\n\n`,
    timestampSeconds: checkout.commitTimeSeconds ?? softwareTimeSeconds,
  };
  const { entrypoint, cmd } = imageConfig;
  const recipe = { builder, family, config: imageConfig };
  return { name, id, recipe, base: { reference: from, digest: id }, texts, command: { entrypoint, cmd } };
}

/** Label that names the builder of an image that our own way did not build. */
export const builderLabel = "org.repo2singularity.builder";

/** The name of a repository's image in the daemon. Source: distribution reference grammar, "path-component" */
export function daemonImageName(repository: string): string {
  const component = repository
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/[._-]{2,}/g, "-")
    .replaceAll(/^[._-]+|[._-]+$/g, "");
  return `repo2singularity/${component === "" ? "image" : component}:latest`;
}
