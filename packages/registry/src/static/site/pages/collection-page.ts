import { formatSize } from "@repo2singularity/base";
import type { Collection } from "../../source/tree.ts";
import { imagesOf, type PublishedImage } from "../published-image.ts";
import { pullCommands } from "./commands.ts";
import { html } from "../../../pages/html.ts";
import type { Page } from "./layout.ts";
import { renderMarkdown } from "../../../pages/markdown.ts";

/** The page of a collection: its tags, how to get its image, its README. */
export function collectionPage(collection: Collection, images: readonly PublishedImage[], siteUrl: string): Page {
  const { namespace, name, readme } = collection;
  const own = imagesOf(collection, images);
  const shown = own.find(({ entry }) => entry.tag === "latest") ?? own.at(-1);
  const rows = own.map(
    ({ entry, sizeBytes, architecture, url, digestHex }) =>
      html`<tr>
        <th scope="row"><a href="tags/${entry.tag}/index.html">${entry.tag}</a></th>
        <td>${formatSize(sizeBytes)}</td>
        <td>${architecture}</td>
        <td>${entry.image?.built?.slice(0, 10) ?? "–"}</td>
        <td><code title="${digestHex}">${digestHex.slice(0, 12)}</code></td>
        <td><a href="${url}">Download</a></td>
      </tr> `,
  );
  const table = html`<div class="wide">
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Tag</th>
          <th scope="col">Size</th>
          <th scope="col">Processor</th>
          <th scope="col">Built</th>
          <th scope="col">sha256</th>
          <th scope="col">Image</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
  const body = html`<h1>${namespace}/${name}</h1>
    ${own.length === 0 ? html`<p>No image of this collection is built yet.</p>` : table}
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
