import type { RegistryContext } from "./context.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { BlobDigest } from "./names.ts";
import type { OpenRepository } from "./open-repository.ts";

/** An index of the manifests whose subject is a digest; empty when there are none, or no such subject. */
export async function listReferrers(
  { state }: RegistryContext,
  repository: OpenRepository<"pull"> | undefined,
  subject: BlobDigest,
  artifactType?: string,
): Promise<object> {
  const rows =
    repository === undefined
      ? []
      : await state.db
          .selectFrom("manifest")
          .select(["digest", "media_type", "size_bytes", "artifact_type", "annotations"])
          .where("repository_id", "=", repository.id)
          .where("subject", "=", subject)
          .$if(artifactType !== undefined, (query) => query.where("artifact_type", "=", artifactType ?? ""))
          .orderBy("id")
          .execute();
  const manifests = rows.map((row) => ({
    mediaType: row.media_type,
    digest: row.digest,
    size: row.size_bytes,
    ...(row.artifact_type !== null && { artifactType: row.artifact_type }),
    ...(row.annotations !== null && { annotations: JSON.parse(row.annotations) as unknown }),
  }));
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
}
