import { posix } from "node:path";
import type { PublishedImage } from "../published-image.ts";
import { jsonFile, type SiteFile, textFile } from "../site-file.ts";

/**
 * What `shub://HOST/NS/NAME:TAG` asks for. The client keeps images by `commit`, which therefore is the digest.
 * Source: Singularity Hub API as apptainer 1.4.5 asks it
 */
export function shubEndpoints(images: readonly PublishedImage[]): readonly SiteFile[] {
  return images.map(({ entry: { namespace, name, tag }, url, digestHex }) =>
    jsonFile(`api/container/${namespace}/${name}:${tag}`, {
      image: url,
      commit: digestHex,
      name: `${namespace}/${name}`,
      tag,
    }),
  );
}

/** The images that lie in the site, each with its digest beside it as `sha256sum` writes it. */
export function imageFiles(images: readonly PublishedImage[]): readonly SiteFile[] {
  return images.flatMap(({ sitePath, digest, digestHex, sizeBytes }): SiteFile[] => {
    if (sitePath === undefined) return [];
    const content = { kind: "image", digest, sizeBytes } as const;
    return [
      { path: sitePath, contentType: "application/octet-stream", content },
      textFile(`${sitePath}.sha256`, `${digestHex}  ${posix.basename(sitePath)}\n`, "text/plain; charset=utf-8"),
    ];
  });
}
