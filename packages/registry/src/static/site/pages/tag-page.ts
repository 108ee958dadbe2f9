import { formatSize } from "@repo2singularity/base";
import type { PublishedImage } from "../published-image.ts";
import { pullCommands } from "./commands.ts";
import { html, type Html } from "../../../pages/html.ts";
import { table } from "../../../pages/table.ts";
import type { Page } from "./layout.ts";

/** The page of a tag: what the image is, how to get it, its labels, packages and recipe. */
export function tagPage(image: PublishedImage, siteUrl: string): Page {
  const { entry } = image;
  const { labels = {}, packages = [] } = entry.image ?? {};
  const title = `${entry.namespace}/${entry.name}:${entry.tag}`;
  const body = html`<h1>${entry.namespace}/<a href="../../index.html">${entry.name}</a>:${entry.tag}</h1>
    <dl class="facts">
      ${facts(image).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd> `,
      )}
    </dl>
    <section>
      <h2>Get it</h2>
      ${pullCommands(image, siteUrl)}
    </section>
    ${section("Labels", Object.entries(labels).length, table("pairs", ["Label", "Value"], Object.entries(labels)))}
    ${section("Packages", packages.length, table("pairs", ["Package", "Version"], packages.map(splitPackage)))}
    ${recipe(image)}`;
  return { title, depth: 4, trail: [title], body };
}

function facts({
  entry,
  sizeBytes,
  digest,
  architecture,
  url,
}: PublishedImage): ReadonlyArray<readonly [string, Html]> {
  const { built, signedBy = [] } = entry.image ?? {};
  const source = entry.recipe?.kind === "repository" ? entry.recipe.source : undefined;
  return [
    ["Size", html`${formatSize(sizeBytes)} <span class="quiet">(${sizeBytes} bytes)</span>`],
    ["Processor", html`${architecture}`],
    ["Digest", html`<code>${digest}</code>`],
    ["Built", html`${built ?? "not told"}`],
    [
      "Built from",
      html`${source === undefined ? (entry.recipe === undefined ? "elsewhere" : "the recipe below") : repository(source)}`,
    ],
    ["Signed by", html`${signedBy.length === 0 ? "nobody" : signedBy.map((one) => html`<code>${one}</code> `)}`],
    ["Image", html`<a href="${url}">${url}</a>`],
  ];
}

function repository({
  repository: place,
  ref,
}: {
  readonly repository: string;
  readonly ref?: string | undefined;
}): Html {
  const name = /^https?:/i.test(place) ? html`<a href="${place}">${place}</a>` : html`${place}`;
  return html`${name}${ref === undefined ? "" : ` at ${ref}`}`;
}

function section(title: string, count: number, content: Html): Html {
  return count === 0
    ? html``
    : html`<details${count > 20 ? "" : html` open`}><summary>${title} (${count})</summary>\n${content}</details>`;
}

function splitPackage(text: string): readonly [string, string] {
  const at = text.lastIndexOf(" ");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function recipe({ entry }: PublishedImage): Html {
  if (entry.recipe?.kind !== "definition") return html``;
  return html`<details open>
    <summary>Singularity</summary>
    <pre tabindex="0"><code>${entry.recipe.text}</code></pre>
  </details>`;
}
