import type { PublishedImage } from "../published-image.ts";
import { jsonFile, type SiteFile, textFile } from "../site-file.ts";

/** Library names have three parts: the first of ours is Singularity's own default. */
export const libraryEntity = "library";

/**
 * The files that `library://HOST/library/NS/NAME:TAG` asks for. The client fetches the image from the site itself, or
 * from where the host redirects it: images elsewhere are for hosts that read `_redirects`.
 * Source: library API v1 as apptainer 1.4.5 asks it
 */
export function libraryEndpoints(images: readonly PublishedImage[]): readonly SiteFile[] {
  return images.flatMap((image): SiteFile[] => {
    const { entry, digest, digestHex, sizeBytes } = image;
    const name = libraryName(image);
    const data = { hash: `sha256.${digestHex}`, size: sizeBytes, arch: image.architecture, tags: [entry.tag] };
    const files = [jsonFile(`v1/images/${name}`, { data })];
    if (image.sitePath === undefined) return files;
    const content = { kind: "image", digest, sizeBytes } as const;
    return [...files, { path: `v1/imagefile/${name}`, contentType: "application/octet-stream", content }];
  });
}

/** What `apptainer remote add` reads. */
export function remoteEndpoint(siteUrl: string, keyserver: string): SiteFile {
  return jsonFile("assets/config/config.prod.json", {
    libraryAPI: { uri: siteUrl },
    keystoreAPI: { uri: keyserver },
  });
}

/** Where images that lie elsewhere are; Netlify, Cloudflare Pages and GitLab Pages read it. */
export function redirectsFile(images: readonly PublishedImage[]): readonly SiteFile[] {
  const lines = images
    .filter(({ sitePath }) => sitePath === undefined)
    .map((image) => `/v1/imagefile/${libraryName(image)} ${image.url} 302\n`);
  return lines.length === 0 ? [] : [textFile("_redirects", lines.join(""), "text/plain; charset=utf-8")];
}

/** The name of an image in the library, with its tag. */
export function libraryName({ entry: { namespace, name, tag } }: PublishedImage): string {
  return `${libraryEntity}/${namespace}/${name}:${tag}`;
}
