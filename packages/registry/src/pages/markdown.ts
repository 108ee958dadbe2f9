import markdownIt from "markdown-it";
import { Html } from "./html.ts";

/** HTML in the text is shown as text, and links to anything but pages, files and mail are none. */
const renderer = markdownIt({ html: false, linkify: true });

/**
 * A README as HTML that is safe to show, whoever wrote it. Its headings begin a level lower than in the file, because
 * the page has a title of its own.
 */
export function renderMarkdown(text: string): Html {
  const tokens = renderer.parse(text, {});
  for (const token of tokens) {
    if (/^h[1-5]$/.test(token.tag)) token.tag = `h${Number(token.tag.slice(1)) + 1}`;
  }
  return new Html(renderer.renderer.render(tokens, renderer.options, {}));
}

/** The first paragraph of a README as plain text, at most 300 characters; empty when there is none. */
export function summaryOf(text: string): string {
  const tokens = renderer.parse(text, {});
  const at = tokens.findIndex(({ type }) => type === "paragraph_open");
  const words = tokens[at + 1]?.children?.map(({ content, type }) => (type.endsWith("break") ? " " : content)) ?? [];
  const plain = words.join("").trim();
  return plain.length > 300 ? `${plain.slice(0, 299)}…` : plain;
}
