import type { RegistrySettings } from "../../source/documents.ts";
import { html, type Html } from "../../../pages/html.ts";

/** A page of the site. */
export interface Page {
  readonly title: string;
  /** Folders between the page and the site's root. Links are relative, so that the site works in a folder of a host. */
  readonly depth: number;
  /** The way to the page, after the registry: names, the last one of the page itself. */
  readonly trail: readonly string[];
  readonly body: Html;
}

/** The whole document of a page. */
export function pageText(page: Page, settings: RegistrySettings): string {
  const root = "../".repeat(page.depth);
  const title = page.trail.length === 0 ? settings.title : `${page.title} · ${settings.title}`;
  return `<!doctype html>
${html`<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta
      http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: data:"
    />
    <title>${title}</title>
    <link rel="icon" type="image/svg+xml" href="${root}assets/icon.svg" />
    <link rel="stylesheet" href="${root}assets/site.css" />
    <script src="${root}assets/site.js" defer></script>
  </head>
  <body>
    <a class="skip" href="#content">Skip to the content</a>
    <header>
      <nav aria-label="Where you are">
        <a class="home" href="${root}index.html">${settings.title}</a>${page.trail.map(
          (name) => html` <span aria-hidden="true">/</span> <span>${name}</span>`,
        )}
      </nav>
    </header>
    <main id="content">${page.body}</main>
    <footer><a href="${root}catalogue.json">catalogue.json</a></footer>
  </body>
</html>`.toString()}
`;
}

/** A command to copy; the button appears where scripts run. */
export function commandBlock(label: string, command: string): Html {
  return html`<div class="command">
    <h3>${label}</h3>
    <pre tabindex="0"><code>${command}</code></pre>
  </div> `;
}
