import { formatSize } from "@repo2singularity/base";
import type { Collection } from "../../source/tree.ts";
import { imagesOf, type PublishedImage } from "../published-image.ts";
import { pullCommands } from "./commands.ts";
import { html } from "../../../pages/html.ts";
import type { Page } from "./layout.ts";
import { renderMarkdown } from "../../../pages/markdown.ts";
import { table } from "../../../pages/table.ts";

/** The page of a collection: its tags, how to get its image, its README. */
export function collectionPage(collection: Collection, images: readonly PublishedImage[], siteUrl: string): Page {
  const { namespace, name, readme } = collection;
  const own = imagesOf(collection, images);
  const shown = own.find(({ entry }) => entry.tag === "latest") ?? own.at(-1);
  const rows = own.map(
    ({ entry, sizeBytes, architecture, url, digestHex }) =>
      [
        html`<a href="tags/${entry.tag}/index.html">${entry.tag}</a>`,
        formatSize(sizeBytes),
        architecture,
        entry.image?.built?.slice(0, 10) ?? "–",
        html`<code title="${digestHex}">${digestHex.slice(0, 12)}</code>`,
        html`<a href="${url}">Download</a>`,
      ] as const,
  );
  const heads = ["Tag", "Size", "Processor", "Built", "sha256", "Image"];
  const body = html`<h1>${namespace}/${name}</h1>
    ${own.length === 0 ? html`<p>No image of this collection is built yet.</p>` : table("rows", heads, rows)}
    ${
      shown === undefined
        ? ""
        : html`<section>
            <h2>Get ${shown.entry.tag}</h2>
            ${pullCommands(shown, siteUrl)}
          </section>`
    }
    ${readme === undefined ? "" : html`<article>${renderMarkdown(readme)}</article>`}`;
  return { title: `${namespace}/${name}`, depth: 2, trail: [`${namespace}/${name}`], body };
}
