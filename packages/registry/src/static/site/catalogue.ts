import type { RegistryTree } from "../source/tree.ts";
import { imagesOf, type PublishedImage } from "./published-image.ts";
import { jsonFile, type SiteFile } from "./site-file.ts";

/** Everything that the site offers, as one JSON document for programs: `catalogue.json`. */
export function catalogueFile({ settings, collections }: RegistryTree, images: readonly PublishedImage[]): SiteFile {
  return jsonFile("catalogue.json", {
    schemaVersion: 1,
    title: settings.title,
    collections: collections.map(({ namespace, name, readme }) => ({
      name: `${namespace}/${name}`,
      ...(readme !== undefined && { readme }),
      tags: imagesOf({ namespace, name }, images).map(({ entry, digest, sizeBytes, architecture, url }) => ({
        tag: entry.tag,
        digest,
        size: sizeBytes,
        arch: architecture,
        url,
        ...(entry.image?.built !== undefined && { built: entry.image.built }),
        ...(entry.image?.labels !== undefined && { labels: entry.image.labels }),
        ...(entry.image?.packages !== undefined && { packages: entry.image.packages }),
        ...(entry.image?.signedBy !== undefined && { signedBy: entry.image.signedBy }),
      })),
    })),
  });
}
