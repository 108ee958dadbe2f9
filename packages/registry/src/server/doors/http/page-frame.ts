import { createHash } from "node:crypto";
import { html, type Html } from "../../../pages/html.ts";
import { pageStyle } from "../../../pages/page-style.ts";

/** What the pages of one door have around their content. */
export interface PageFrame {
  /** For every answer: no scripts, no frames around it, and nothing from elsewhere but what was allowed. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole document. */
  text(title: string, body: Html): string;
}

/**
 * Makes a frame whose style stands in the page, allowed by its digest.
 * @param style of these pages, behind that of all pages
 * @param allowed.images where images may come from, as a policy's sources; none when left out
 */
export function createPageFrame(style: string, allowed: { readonly images?: string } = {}): PageFrame {
  const whole = `${pageStyle}${style}`;
  const digest = createHash("sha256").update(whole).digest("base64");
  const images = allowed.images === undefined ? "" : ` img-src ${allowed.images};`;
  return {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${digest}';${images} form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
    },
    text: (title, body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${html`${title}`.toString()}</title>
<style>${whole}</style></head>
<body><main id="content">${body.toString()}</main></body></html>
`,
  };
}
