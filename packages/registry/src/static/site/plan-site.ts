import type { RegistryTree } from "../source/tree.ts";
import { catalogueFile } from "./catalogue.ts";
import { imageFiles, shubEndpoints } from "./endpoints/file-endpoints.ts";
import { libraryEndpoints, redirectsFile, remoteEndpoint } from "./endpoints/library-endpoints.ts";
import { ociEndpoints, ociRootEndpoints } from "./endpoints/oci-endpoints.ts";
import { seedEndpoints } from "./endpoints/seed-endpoints.ts";
import { sitePages } from "./pages/site-pages.ts";
import { imagesOf, publishedImages } from "./published-image.ts";
import { type SiteFile, textFile } from "./site-file.ts";

/**
 * Every file of the site of a registry; pure, and equal for equal registries.
 * Memory: the texts of all of them, some 20 KiB a tag.
 * @param siteUrl where the site will be, without a slash at its end
 */
export function planSite(tree: RegistryTree, siteUrl: string): readonly SiteFile[] {
  const images = publishedImages(tree, siteUrl);
  const ofCollections = tree.collections.flatMap((collection) => {
    const own = imagesOf(collection, images);
    return [...seedEndpoints(collection, own), ...ociEndpoints(collection, own)];
  });
  return [
    ...imageFiles(images),
    ...libraryEndpoints(images),
    ...ofCollections,
    ...ociRootEndpoints(tree.collections),
    ...shubEndpoints(images),
    ...redirectsFile(images),
    remoteEndpoint(siteUrl, tree.settings.keyserver),
    textFile(".nojekyll", "", "text/plain"), // GitHub Pages would leave out what begins with _
    catalogueFile(tree, images),
    ...sitePages(tree, images, siteUrl),
  ];
}
