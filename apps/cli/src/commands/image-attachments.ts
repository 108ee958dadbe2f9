import path from "node:path";
import type { Digest } from "@repo2singularity/base";
import { provenanceStatement, readImageRecord, spdxDocument } from "@repo2singularity/build/pipeline";
import type { Attachment } from "@repo2singularity/registry";

/** What goes with an image into a registry: its bill of materials and its provenance; nothing for images of others. */
export async function readAttachments(file: string, digest: Digest): Promise<readonly Attachment[]> {
  const record = await readImageRecord(file);
  if (record === undefined) return [];
  const name = path.basename(file);
  return [
    { mediaType: "application/spdx+json", title: `${name}.spdx.json`, content: spdxDocument(record) },
    {
      mediaType: "application/vnd.in-toto+json",
      title: `${name}.provenance.json`,
      content: provenanceStatement(record, { name, digest }),
    },
  ];
}
