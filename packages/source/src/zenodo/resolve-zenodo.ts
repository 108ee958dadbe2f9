import { z } from "zod";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { epochSeconds } from "../record/epoch-seconds.ts";
import { fetchRecord } from "../record/fetch-record.ts";
import { refuseRef } from "../record/one-ref.ts";
import { parsePrefixedChecksum } from "../record/parse-checksum.ts";
import { recordSource, withClient } from "../record/record-source.ts";
import type { InvenioRecord } from "./invenio-record.ts";

const RecordAnswer = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  created: z.string().nullish(),
  links: z.object({ files: z.url().optional() }).optional(),
});

const FilesAnswer = z.object({
  entries: z.array(
    z.object({
      key: z.string(),
      size: z.number().int().optional(),
      checksum: z.string().optional(),
      links: z.object({ content: z.url() }),
    }),
  ),
});

/**
 * The version that a record's identifier means now. The identifier of all versions together leads to the newest; each
 * version has one of its own and never changes, which becomes the revision.
 * Source: https://developers.zenodo.org ("Records", "Files"); InvenioRDM REST API reference
 * @throws E_USAGE for a ref, E_SOURCE_NOT_FOUND, E_SOURCE_AUTH, E_SOURCE_NETWORK, E_SOURCE_FETCH
 */
export async function resolveZenodo(
  record: InvenioRecord,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const { base, archive } = record;
  refuseRef(request.ref, `${base}/records/${record.id}`, "give the DOI or record of the version itself");
  const answer = await withClient(context, (client) => client.json(`${base}/api/records/${record.id}`, RecordAnswer));
  const facts = {
    provider: "zenodo",
    name: `${archive}-${answer.id}`,
    url: `${base}/records/${answer.id}`,
    revision: `${archive}.${answer.id}`,
    timeSeconds: epochSeconds(answer.created),
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    const listing = answer.links?.files ?? `${base}/api/records/${answer.id}/files`;
    const { entries } = await tools.client.json(listing, FilesAnswer);
    const files = entries.map(({ key, size, checksum, links }) => ({
      path: key,
      url: links.content,
      sizeBytes: size,
      checksum: parsePrefixedChecksum(checksum),
    }));
    await fetchRecord(files, folder, tools);
    return undefined;
  });
}
