import { AppError, redactUrl } from "@repo2singularity/base";
import type { HttpClient } from "../host/http-client.ts";

const accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
/** uv's page has 1.8 MB after two years; a page of a hundred times that is no index. */
const pageLimitBytes = 256 * 2 ** 20;

/**
 * Finds a file of a project in a Python index.
 * Source: PEP 503 (HTML pages), PEP 691 (JSON pages).
 *
 * @param indexUrl root of the index, such as `https://pypi.org/simple`
 * @param project normalised project name
 * @returns the file's absolute address, or `undefined` when the index does not list it
 */
export async function findInSimpleIndex(
  client: HttpClient,
  indexUrl: string,
  wanted: { readonly project: string; readonly filename: string; readonly signal?: AbortSignal },
): Promise<string | undefined> {
  const pageUrl = `${indexUrl.replace(/\/+$/, "")}/${wanted.project}/`;
  const signal = wanted.signal === undefined ? {} : { signal: wanted.signal };
  const answer = await client.get(pageUrl, { accept, ...signal });
  const page = await readText(answer.body, pageUrl);
  if (answer.statusCode !== 200) return undefined;
  const href = answer.contentType.includes("json")
    ? hrefInJson(page, wanted.filename)
    : hrefInHtml(page, wanted.filename);
  return href === undefined ? undefined : withUserInfoOf(indexUrl, new URL(href, answer.url));
}

async function readText(body: AsyncIterable<Uint8Array>, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > pageLimitBytes) {
      throw new AppError("E_TOOL_UNAVAILABLE", `${redactUrl(url)}: the page is larger than ${pageLimitBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function hrefInJson(page: string, filename: string): string | undefined {
  const document: unknown = JSON.parse(page);
  if (typeof document !== "object" || document === null || !("files" in document)) return undefined;
  if (!Array.isArray(document.files)) return undefined;
  const file = document.files.find((candidate: { filename?: unknown }) => candidate.filename === filename);
  return typeof file?.url === "string" ? file.url : undefined;
}

function hrefInHtml(page: string, filename: string): string | undefined {
  for (const { groups } of page.matchAll(/<a\b[^>]*\bhref\s*=\s*["'](?<href>[^"']+)["'][^>]*>(?<name>[^<]*)<\/a>/gi)) {
    if (groups?.["name"]?.trim() === filename) return groups["href"]?.replaceAll("&amp;", "&");
  }
  return undefined;
}

/** Files of a private index lie behind the same login as its pages, if they lie on the same host. */
function withUserInfoOf(indexUrl: string, file: URL): string {
  const index = new URL(indexUrl);
  if (index.host === file.host && file.username === "") {
    file.username = index.username;
    file.password = index.password;
  }
  return file.toString();
}
