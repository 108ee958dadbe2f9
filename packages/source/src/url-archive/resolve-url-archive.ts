import { redactUrl } from "@repo2singularity/base";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { fetchArchive } from "../record/fetch-record.ts";
import { refuseRef } from "../record/one-ref.ts";
import { recordSource } from "../record/record-source.ts";
import { unwrapFolder } from "../unpack/unwrap-folder.ts";
import type { UrlArchive } from "./url-archive.ts";

/**
 * An archive by its URL. A web server may change what it gives at any time: the sha256 of the archive is the revision,
 * known before it is fetched only where the URL promises it.
 * @throws E_USAGE for a ref
 */
export async function resolveUrlArchive(
  archive: UrlArchive,
  request: SourceRequest,
  _context: SourceContext,
): Promise<ResolvedSource> {
  const { url, shown, name, checksum } = archive;
  refuseRef(request.ref, shown, "give the URL of the archive of that version");
  const facts = {
    provider: "archive",
    name,
    url: redactUrl(url.href),
    revision: checksum?.algorithm === "sha256" ? `sha256:${checksum.hex}` : undefined,
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    const fileName = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
    const { sha256Hex } = await fetchArchive({ url: url.href, shown: fileName, checksum }, folder, tools);
    await unwrapFolder(folder);
    return `sha256:${sha256Hex}`;
  });
}
