import type { RegistryTree } from "../../source/tree.ts";
import { imagesOf, type PublishedImage } from "../published-image.ts";
import { html } from "../../../pages/html.ts";
import type { Page } from "./layout.ts";
import { summaryOf } from "../../../pages/markdown.ts";

/** The first page: all collections, with a search over names, labels, packages and READMEs. */
export function listPage({ settings, collections }: RegistryTree, images: readonly PublishedImage[]): Page {
  const items = collections.map((collection) => {
    const own = imagesOf(collection, images);
    const name = `${collection.namespace}/${collection.name}`;
    const summary = collection.readme === undefined ? "" : summaryOf(collection.readme);
    const words = uniqueWords([name, collection.readme ?? "", ...own.flatMap(searchWords)]);
    return html`<li class="card" data-words="${words}">
      <h2><a href="${name}/index.html">${name}</a></h2>
      <p>${summary === "" ? html`<span class="quiet">No description</span>` : summary}</p>
      <p class="quiet">
        ${own.length === 1 ? "1 tag" : `${own.length} tags`}${own.map(({ entry }) => html` <span class="tag">${entry.tag}</span>`)}
      </p>
    </li> `;
  });
  const body = html`<h1>${settings.title}</h1>
    ${settings.description === undefined ? "" : html`<p>${settings.description}</p> `}
    <form class="search" role="search" hidden>
      <label for="query">Search names, descriptions, labels and packages</label>
      <input id="query" type="search" autocomplete="off" spellcheck="false" />
    </form>
    <p id="count" class="quiet" role="status">
      ${collections.length === 1 ? "1 collection" : `${collections.length} collections`}
    </p>
    <ul class="cards">
      ${items}
    </ul>`;
  return { title: settings.title, depth: 0, trail: [], body };
}

/** Tags of a collection have most words in common. A page of a thousand collections has some MiB at most. */
function uniqueWords(texts: readonly string[]): string {
  return [...new Set(texts.join(" ").toLowerCase().split(/\s+/))].join(" ").slice(0, 8_000);
}

function searchWords({ entry, architecture }: PublishedImage): readonly string[] {
  const { labels = {}, packages = [] } = entry.image ?? {};
  return [entry.tag, architecture, ...Object.entries(labels).flat(), ...packages];
}
