import type { Digest } from "@repo2singularity/base";
import type { Collection, RegistryTree, TagEntry } from "../source/tree.ts";

/** An image as the site offers it. */
export interface PublishedImage {
  readonly entry: TagEntry;
  readonly digest: Digest;
  readonly digestHex: string;
  readonly sizeBytes: number;
  readonly architecture: string;
  /** Where everybody gets it, absolute. */
  readonly url: string;
  /** Path in the site; undefined for an image that lies elsewhere. */
  readonly sitePath: string | undefined;
}

/**
 * The images of a registry that can be offered: those that are built.
 * @param siteUrl where the site will be, without a slash at its end
 */
export function publishedImages({ collections }: RegistryTree, siteUrl: string): readonly PublishedImage[] {
  return collections.flatMap(({ tags }) =>
    tags.flatMap((entry): PublishedImage[] => {
      const { image, namespace, name, tag } = entry;
      if (image === undefined) return [];
      const sitePath = image.url === undefined ? `${namespace}/${name}/tags/${tag}/${name}_${tag}.sif` : undefined;
      const digestHex = image.digest.slice("sha256:".length);
      return [
        {
          entry,
          digest: `sha256:${digestHex}`,
          digestHex,
          sizeBytes: image.size,
          architecture: image.arch,
          url: image.url ?? `${siteUrl}/${sitePath ?? ""}`,
          sitePath,
        },
      ];
    }),
  );
}

/** Those of one collection. */
export function imagesOf(
  { namespace, name }: Pick<Collection, "namespace" | "name">,
  images: readonly PublishedImage[],
): readonly PublishedImage[] {
  return images.filter(({ entry }) => entry.namespace === namespace && entry.name === name);
}
