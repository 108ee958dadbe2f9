import { formatSize } from "@repo2singularity/base";
import { html, type Html } from "../../../pages/html.ts";
import { renderMarkdown } from "../../../pages/markdown.ts";
import { table } from "../../../pages/table.ts";
import type { CatalogueEntry } from "../../service/catalogue.ts";
import { createPageFrame } from "../http/page-frame.ts";

const page = createPageFrame("pre { white-space: pre-wrap; overflow-wrap: anywhere; }\n", {
  images: "https: data:", // those of READMEs
});

/** What goes with these pages. */
export const cataloguePageHeaders: Readonly<Record<string, string>> = {
  ...page.headers,
  vary: "accept, authorization",
};

/**
 * The page of a repository: what it is, how to get its images, its README.
 * @param address of the server
 */
export function repositoryPage(entry: CatalogueEntry & { readonly readme: string }, address: string): string {
  const { name, description, images, readme, pullCount } = entry;
  const rows = images.map(
    ({ tags, architecture, sizeBytes, isSigned, digest }) =>
      [
        tags.join(", "),
        architecture,
        formatSize(sizeBytes),
        isSigned ? "yes" : "no",
        html`<code title="${digest}">${digest.slice("sha256:".length, 19)}</code>`,
      ] as const,
  );
  const heads = ["Tags", "Processor", "Size", "Signed", "sha256"];
  const [tag] = images.flatMap(({ tags }) => tags);
  return page.text(
    name,
    html`<h1>${name}</h1>
      ${description === "" ? "" : html`<p>${description}</p> `}
      <p class="quiet">${pullCount === 1 ? "pulled once" : `pulled ${pullCount} times`}</p>
      ${images.length === 0 ? html`<p>No image is under a tag here.</p>` : table("rows", heads, rows)}
      ${tag === undefined ? "" : pullCommands(name, tag, address)}
      ${readme === "" ? "" : html`<article>${renderMarkdown(readme)}</article>`}`,
  );
}

function pullCommands(name: string, tag: string, address: string): Html {
  const { host, protocol } = new URL(address);
  const plain = protocol === "http:" ? " --no-https" : "";
  const lines = [
    `repo2singularity pull${plain} oras://${host}/${name}:${tag}`,
    // with fewer names the client takes the host for one
    ...(name.split("/").length < 3 ? [] : [`apptainer pull${plain} library://${host}/${name}:${tag}`]),
    `apptainer pull${plain} oras://${host}/${name}:${tag}`,
    `curl -O ${address}/${name}/${tag}.sif`,
  ];
  return html`<section>
    <h2>Get ${tag}</h2>
    <pre tabindex="0"><code>${lines.join("\n")}</code></pre>
  </section>`;
}

/** What was found, or what there is, with a form to search it. */
export function listPage(
  entries: readonly CatalogueEntry[],
  { words, next }: { readonly words: string; readonly next: string | undefined },
): string {
  const items = entries.map(
    ({ name, description, images }) =>
      html`<li class="card">
        <h2><a href="catalogue/${name}">${name}</a></h2>
        <p>${description === "" ? html`<span class="quiet">No description</span>` : description}</p>
        <p>
          ${[...new Set(images.flatMap(({ tags }) => tags))].slice(0, 8).map((tag) => html`<span class="tag">${tag}</span> `)}
        </p>
      </li> `,
  );
  return page.text(
    "Images",
    html`<h1>Images</h1>
      <form class="search" role="search">
        <label for="query">Search names, descriptions, labels, packages and READMEs</label>
        <input id="query" name="q" type="search" value="${words}" autocomplete="off" spellcheck="false" />
      </form>
      ${
        entries.length === 0
          ? html`<p class="quiet">Nothing is found.</p>`
          : html`<ul class="cards">
              ${items}
            </ul>`
      }
      ${next === undefined ? "" : html`<p><a href="${next}">More</a></p>`}`,
  );
}
