import { sha256Hex } from "@repo2singularity/base";
import type { Collection } from "../../source/tree.ts";
import type { PublishedImage } from "../published-image.ts";
import { jsonFile, type SiteFile, textFile } from "../site-file.ts";
import { mediaTypes } from "../../../oci/media-types.ts";

const emptyConfig = "{}";

/**
 * The files that `oras://HOST/NS/NAME:TAG` asks for. The SIF is found by the `urls` of its layer, wherever it lies,
 * and the config by its `data`, so that no blob needs to be there; the config's is, for clients that ask for it.
 * A client asks at the root of the host: a site in a folder of one has no `oras://`.
 * Source: OCI distribution 1.1; accepted by apptainer 1.4.5 from a server without types and digests in its headers
 */
export function ociEndpoints(collection: Collection, images: readonly PublishedImage[]): readonly SiteFile[] {
  const root = `v2/${collection.namespace}/${collection.name}`;
  const manifests = images.flatMap((image): SiteFile[] => {
    const text = `${JSON.stringify(sifManifest(image), undefined, 2)}\n`;
    return [image.entry.tag, `sha256:${sha256Hex(text)}`].map((name) =>
      textFile(`${root}/manifests/${name}`, text, mediaTypes.manifest),
    );
  });
  const tags = { name: `${collection.namespace}/${collection.name}`, tags: images.map(({ entry }) => entry.tag) };
  return [
    ...manifests,
    textFile(`${root}/blobs/sha256:${sha256Hex(emptyConfig)}`, emptyConfig, "application/octet-stream"),
    jsonFile(`${root}/tags/list`, tags),
  ];
}

/** What belongs to no repository. */
export function ociRootEndpoints(collections: readonly Collection[]): readonly SiteFile[] {
  const repositories = collections.map(({ namespace, name }) => `${namespace}/${name}`);
  return [jsonFile("v2/index.html", {}), jsonFile("v2/_catalog", { repositories })];
}

function sifManifest({ digest, sizeBytes, url, entry }: PublishedImage): unknown {
  const config = Buffer.from(emptyConfig);
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: {
      mediaType: mediaTypes.sifConfig,
      size: config.length,
      digest: `sha256:${sha256Hex(config)}`,
      data: config.toString("base64"),
    },
    layers: [
      {
        mediaType: mediaTypes.sifLayer,
        size: sizeBytes,
        digest,
        urls: [url],
        annotations: { "org.opencontainers.image.title": `${entry.name}_${entry.tag}.sif` },
      },
    ],
  };
}
