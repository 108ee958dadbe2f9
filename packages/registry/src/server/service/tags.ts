import { sha256Hex } from "@repo2singularity/base";
import type { Database } from "../state/open-state.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { OpenRepository } from "./open-repository.ts";

/**
 * Lets a tag mean a manifest.
 *
 * A SIF takes the place of the one of its own architecture only. What OCI clients get under the tag is its manifest,
 * or an index over all architectures when there are several. Anything else takes the place of everything.
 * Runs inside the caller's transaction.
 * @param architecture of the SIF; undefined when the manifest is none
 */
export async function setTag(
  db: Database,
  repositoryId: number,
  tag: { readonly name: string; readonly digest: string; readonly architecture: string | undefined },
  nowMs: number,
): Promise<void> {
  if (tag.architecture === undefined) {
    await db
      .deleteFrom("tag")
      .where("repository_id", "=", repositoryId)
      .where("name", "=", tag.name)
      .where("architecture", "!=", "")
      .execute();
    await putRow(db, repositoryId, { name: tag.name, digest: tag.digest, architecture: "" }, nowMs);
    await spreadIndex(db, repositoryId, tag, nowMs);
  } else {
    await putRow(db, repositoryId, { ...tag, architecture: tag.architecture }, nowMs);
    await showTag(db, repositoryId, tag.name, nowMs);
  }
  await dropUnusedIndexes(db, repositoryId);
}

/** Removes a tag, or what it means for one architecture. @returns whether there was something to remove */
export async function removeTag(
  db: Database,
  repositoryId: number,
  tag: { readonly name: string; readonly architecture?: string },
  nowMs: number,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("tag")
    .where("repository_id", "=", repositoryId)
    .where("name", "=", tag.name)
    .$if(tag.architecture !== undefined, (query) => query.where("architecture", "=", tag.architecture ?? ""))
    .executeTakeFirst();
  if (numDeletedRows > 0n) await showTag(db, repositoryId, tag.name, nowMs);
  await dropUnusedIndexes(db, repositoryId);
  return numDeletedRows > 0n;
}

/** Takes a manifest from under all tags that mean it. */
export async function untagManifest(db: Database, repositoryId: number, digest: string, nowMs: number): Promise<void> {
  const removed = await db
    .deleteFrom("tag")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .returning("name")
    .execute();
  for (const name of new Set(removed.map((row) => row.name))) await showTag(db, repositoryId, name, nowMs);
  await dropUnusedIndexes(db, repositoryId);
}

/** All tags that OCI clients see, in the order of their bytes. */
export async function listTags(
  db: Database,
  repository: OpenRepository<"pull">,
  page: { readonly after?: string; readonly limit?: number } = {},
): Promise<string[]> {
  const rows = await db
    .selectFrom("tag")
    .select("name")
    .where("repository_id", "=", repository.id)
    .where("architecture", "=", "")
    .$if(page.after !== undefined, (query) => query.where("name", ">", page.after ?? ""))
    .orderBy("name")
    .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
    .execute();
  return rows.map(({ name }) => name);
}

/** Writes what OCI clients get from the rows by architecture; with none left the tag is gone. */
async function showTag(db: Database, repositoryId: number, name: string, nowMs: number): Promise<void> {
  const rows = await db
    .selectFrom("tag")
    .innerJoin("manifest", (join) =>
      join.onRef("manifest.repository_id", "=", "tag.repository_id").onRef("manifest.digest", "=", "tag.digest"),
    )
    .select(["tag.architecture", "tag.digest", "manifest.media_type", "manifest.size_bytes"])
    .where("tag.repository_id", "=", repositoryId)
    .where("tag.name", "=", name)
    .where("tag.architecture", "!=", "")
    .orderBy("tag.architecture")
    .execute();
  const [only] = rows;
  if (only === undefined) {
    await db.deleteFrom("tag").where("repository_id", "=", repositoryId).where("name", "=", name).execute();
    return;
  }
  const digest = rows.length === 1 ? only.digest : await putIndex(db, repositoryId, rows, nowMs);
  await putRow(db, repositoryId, { name, digest, architecture: "" }, nowMs);
}

interface IndexEntry {
  readonly architecture: string;
  readonly digest: string;
  readonly media_type: string;
  readonly size_bytes: number;
}

/** The same entries give the same bytes. */
async function putIndex(
  db: Database,
  repositoryId: number,
  entries: readonly IndexEntry[],
  nowMs: number,
): Promise<string> {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: entries.map(({ architecture, digest, media_type, size_bytes }) => ({
      mediaType: media_type,
      digest,
      size: size_bytes,
      platform: { architecture, os: "linux" },
    })),
  };
  const content = Buffer.from(JSON.stringify(document));
  const digest = `sha256:${sha256Hex(content)}`;
  const { id } = await db
    .insertInto("manifest")
    .values({
      repository_id: repositoryId,
      digest,
      media_type: mediaTypes.index,
      artifact_type: null,
      subject: null,
      annotations: null,
      content,
      size_bytes: content.length,
      image_digest: null,
      is_generated: 1,
      pushed_ms: nowMs,
      pulled_ms: null,
    })
    .onConflict((conflict) => conflict.columns(["repository_id", "digest"]).doUpdateSet({ pushed_ms: nowMs }))
    .returning("id")
    .executeTakeFirstOrThrow();
  await db
    .insertInto("manifest_child")
    .values(entries.map((entry) => ({ manifest_id: id, digest: entry.digest })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return digest;
}

/** An index that somebody pushed: clients that ask for an architecture find the SIFs that it lists. */
async function spreadIndex(
  db: Database,
  repositoryId: number,
  tag: { readonly name: string; readonly digest: string },
  nowMs: number,
): Promise<void> {
  const children = await db
    .selectFrom("manifest as parent")
    .innerJoin("manifest_child as link", "link.manifest_id", "parent.id")
    .innerJoin("manifest as child", (join) =>
      join.onRef("child.repository_id", "=", "parent.repository_id").onRef("child.digest", "=", "link.digest"),
    )
    .innerJoin("image", "image.digest", "child.image_digest")
    .select(["child.digest", "image.architecture"])
    .where("parent.repository_id", "=", repositoryId)
    .where("parent.digest", "=", tag.digest)
    .execute();
  for (const child of children) await putRow(db, repositoryId, { name: tag.name, ...child }, nowMs);
}

async function putRow(
  db: Database,
  repositoryId: number,
  row: { readonly name: string; readonly architecture: string; readonly digest: string },
  nowMs: number,
): Promise<void> {
  await db
    .insertInto("tag")
    .values({
      repository_id: repositoryId,
      name: row.name,
      architecture: row.architecture,
      digest: row.digest,
      updated_ms: nowMs,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["repository_id", "name", "architecture"])
        .doUpdateSet({ digest: row.digest, updated_ms: nowMs }),
    )
    .execute();
}

async function dropUnusedIndexes(db: Database, repositoryId: number): Promise<void> {
  await db
    .deleteFrom("manifest")
    .where("repository_id", "=", repositoryId)
    .where("is_generated", "=", 1)
    .where("digest", "not in", (query) =>
      query.selectFrom("tag").select("digest").where("repository_id", "=", repositoryId),
    )
    .execute();
}
