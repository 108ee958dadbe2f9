import type { Collection } from "../../source/tree.ts";
import type { PublishedImage } from "../published-image.ts";
import { jsonFile, type SiteFile } from "../site-file.ts";

/**
 * The API of the first static registry: `NS/NAME/tags/` and `NS/NAME/manifests/TAG/`, each as `index.html`, which is
 * what a plain file server gives for the folder, and as `index.json`. Sizes are bytes.
 * Source: singularityhub/registry, 2019; `c=$(curl …/manifests/TAG/ | jq -r '.layers[].urls[0]'); wget -O x.sif $c`
 */
export function seedEndpoints(collection: Collection, images: readonly PublishedImage[]): readonly SiteFile[] {
  const { namespace, name } = collection;
  const root = `${namespace}/${name}`;
  const tags = { name: root, tags: images.map(({ entry }) => entry.tag) };
  return [
    ...bothForms(`${root}/tags`, tags),
    ...images.flatMap((image) => bothForms(`${root}/manifests/${image.entry.tag}`, seedManifest(image))),
  ];
}

function bothForms(folder: string, value: unknown): readonly SiteFile[] {
  return [jsonFile(`${folder}/index.html`, value), jsonFile(`${folder}/index.json`, value)];
}

function seedManifest({ digest, sizeBytes, url }: PublishedImage): unknown {
  return {
    schemaVersion: 2,
    mediaType: "application/vnd.singularity.distribution.manifest.v2+json",
    config: { mediaType: "application/vnd.singularity.container.image.v1+json", size: sizeBytes, digest },
    layers: [{ mediaType: "application/vnd.singularity.image.squashfs", size: sizeBytes, digest, urls: [url] }],
  };
}
