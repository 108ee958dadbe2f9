import type { RegistryTree } from "../../source/tree.ts";
import type { PublishedImage } from "../published-image.ts";
import { type SiteFile, textFile } from "../site-file.ts";
import { pageStyle } from "../../../pages/page-style.ts";
import { siteIcon, siteScript } from "./assets.ts";
import { collectionPage } from "./collection-page.ts";
import { html } from "../../../pages/html.ts";
import { type Page, pageText } from "./layout.ts";
import { listPage } from "./list-page.ts";
import { tagPage } from "./tag-page.ts";

/** The pages for people: the list, a page for each collection and tag, and what they share. */
export function sitePages(tree: RegistryTree, images: readonly PublishedImage[], siteUrl: string): readonly SiteFile[] {
  const page = (path: string, content: Page): SiteFile =>
    textFile(path, pageText(content, tree.settings), "text/html; charset=utf-8");
  const lost = html`<h1>Nothing is here</h1>
    <p>The registry has no page of that name.</p>`;
  return [
    page("index.html", listPage(tree, images)),
    page("404.html", { title: "Not found", depth: 0, trail: ["not found"], body: lost }),
    ...tree.collections.map((collection) =>
      page(`${collection.namespace}/${collection.name}/index.html`, collectionPage(collection, images, siteUrl)),
    ),
    ...images.map((image) => {
      const { namespace, name, tag } = image.entry;
      return page(`${namespace}/${name}/tags/${tag}/index.html`, tagPage(image, siteUrl));
    }),
    textFile("assets/icon.svg", siteIcon, "image/svg+xml"),
    textFile("assets/site.css", pageStyle, "text/css; charset=utf-8"),
    textFile("assets/site.js", siteScript, "text/javascript; charset=utf-8"),
  ];
}
