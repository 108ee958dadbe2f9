import { AppError } from "@repo2singularity/base";
import { z } from "zod";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { epochSeconds } from "../record/epoch-seconds.ts";
import { fetchRecord } from "../record/fetch-record.ts";
import { oneRef } from "../record/one-ref.ts";
import { parseChecksum } from "../record/parse-checksum.ts";
import { recordSource, withClient } from "../record/record-source.ts";
import type { FigshareArticle } from "./article.ts";

const ArticleAnswer = z.object({
  id: z.number().int(),
  version: z.number().int(),
  published_date: z.string().nullish(),
  url_public_html: z.url().optional(),
  files: z.array(
    z.object({
      name: z.string(),
      size: z.number().int(),
      is_link_only: z.boolean(),
      download_url: z.string(),
      computed_md5: z.string().nullish(),
      supplied_md5: z.string().nullish(),
    }),
  ),
});

/**
 * The version of an article that is meant: that of the URL or DOI, that of `--ref` (`2` or `v2`), or the newest.
 * Source: https://docs.figshare.com ("View article details", "Article details for version")
 * @throws E_USAGE, E_SOURCE_NOT_FOUND, E_SOURCE_AUTH, E_SOURCE_NETWORK, E_SOURCE_FETCH
 */
export async function resolveFigshare(
  article: FigshareArticle,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const { id } = article;
  const version = oneRef(article.version, versionOf(request.ref), `figshare article ${id}`);
  const address = `https://api.figshare.com/v2/articles/${id}${version === undefined ? "" : `/versions/${version}`}`;
  const answer = await withClient(context, (client) => client.json(address, ArticleAnswer));
  const facts = {
    provider: "figshare",
    name: `figshare-${id}`,
    url: `https://figshare.com/articles/_/${id}/${answer.version}`,
    revision: `figshare.${id}.v${answer.version}`,
    timeSeconds: epochSeconds(answer.published_date),
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    const stored = answer.files.filter((file) => !file.is_link_only);
    const files = stored.map(({ name, size, download_url, computed_md5, supplied_md5 }) => ({
      path: name,
      url: download_url,
      sizeBytes: size,
      checksum: parseChecksum("md5", computed_md5 ?? supplied_md5 ?? ""),
    }));
    await fetchRecord(files, folder, tools);
    return undefined;
  });
}

function versionOf(ref: string | undefined): string | undefined {
  if (ref === undefined) return undefined;
  const version = /^v?(?<number>[1-9]\d*)$/i.exec(ref)?.groups?.["number"];
  if (version !== undefined) return version;
  throw new AppError("E_USAGE", `"${ref}" is not the version of a figshare article`, {
    hint: "give a number, such as --ref 2",
  });
}
