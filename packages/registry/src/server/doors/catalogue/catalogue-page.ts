import { createHash } from "node:crypto";
import { formatSize } from "@repo2singularity/base";
import { html, type Html } from "../../../pages/html.ts";
import { renderMarkdown } from "../../../pages/markdown.ts";
import { pageStyle } from "../../../pages/page-style.ts";
import type { CatalogueEntry } from "../../service/catalogue.ts";

const style = `${pageStyle}pre { white-space: pre-wrap; overflow-wrap: anywhere; }\n`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** What goes with these pages: no scripts, images of READMEs alone from elsewhere. */
export const cataloguePageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; img-src https: data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
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
      html`<tr>
        <th scope="row">${tags.join(", ")}</th>
        <td>${architecture}</td>
        <td>${formatSize(sizeBytes)}</td>
        <td>${isSigned ? "yes" : "no"}</td>
        <td><code title="${digest}">${digest.slice("sha256:".length, 19)}</code></td>
      </tr> `,
  );
  const table = html`<div class="wide">
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Tags</th>
          <th scope="col">Processor</th>
          <th scope="col">Size</th>
          <th scope="col">Signed</th>
          <th scope="col">sha256</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
  const [tag] = images.flatMap(({ tags }) => tags);
  return wholePage(
    name,
    html`<h1>${name}</h1>
      ${description === "" ? "" : html`<p>${description}</p> `}
      <p class="quiet">${pullCount === 1 ? "pulled once" : `pulled ${pullCount} times`}</p>
      ${images.length === 0 ? html`<p>No image is under a tag here.</p>` : table}
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
  return wholePage(
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

function wholePage(title: string, body: Html): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${html`${title}`.toString()}</title>
<style>${style}</style></head>
<body><main id="content">${body.toString()}</main></body></html>
`;
}
