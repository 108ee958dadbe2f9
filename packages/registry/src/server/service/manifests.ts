import { createHash } from "node:crypto";
import type { Database } from "../state/open-state.ts";
import { layersTypes } from "../../layered/layers-artifact.ts";
import { composeBlob, partsOfComposed } from "./composed/compose-blob.ts";
import type { RegistryContext } from "./context.ts";
import { ensureImageFacts, type ImageFacts } from "./image-facts.ts";
import { manifestLimitBytes, type ManifestFacts, parseManifest } from "./manifest-document.ts";
import { algorithmOf, type BlobDigest, checkTag, tryParseDigest } from "./names.ts";
import type { OpenRepository } from "./open-repository.ts";
import { refuse } from "./refusal.ts";
import { indexRepository } from "./search-text.ts";
import { removeTag, setTag, untagManifest } from "./tags.ts";

/** A manifest with its bytes as they were pushed. */
export interface StoredManifest {
  readonly digest: BlobDigest;
  readonly mediaType: string;
  readonly content: Uint8Array;
}

/** What was pushed. */
export interface PushedManifest {
  readonly digest: BlobDigest;
  /** Of the manifest that it says something about. */
  readonly subject: BlobDigest | undefined;
}

/**
 * The manifest of a tag or digest; a tag `NAME-ARCH` that nobody pushed is the SIF of that architecture under `NAME`,
 * for clients that cannot ask for one.
 * @returns undefined when there is none
 */
export async function findManifest(
  { state }: RegistryContext,
  repository: OpenRepository<"pull" | "push">,
  reference: string,
): Promise<StoredManifest | undefined> {
  const digest = tryParseDigest(reference) ?? (await digestOfTag(state.db, repository, reference));
  if (digest === undefined) return undefined;
  const row = await state.db
    .selectFrom("manifest")
    .select(["digest", "media_type", "content"])
    .where("repository_id", "=", repository.id)
    .where("digest", "=", digest)
    .executeTakeFirst();
  // only putManifest and the tags' indexes write digests
  return row && { digest: row.digest as BlobDigest, mediaType: row.media_type, content: row.content };
}

async function digestOfTag(
  db: Database,
  repository: OpenRepository<"pull" | "push">,
  tag: string,
): Promise<string | undefined> {
  const find = async (name: string, architecture: string): Promise<string | undefined> => {
    const row = await db
      .selectFrom("tag")
      .select("digest")
      .where("repository_id", "=", repository.id)
      .where("name", "=", name)
      .where("architecture", "=", architecture)
      .executeTakeFirst();
    return row?.digest;
  };
  const found = await find(tag, "");
  const dash = tag.lastIndexOf("-");
  return found ?? (dash > 0 ? find(tag.slice(0, dash), tag.slice(dash + 1)) : undefined);
}

/** Counts one pull of a manifest, for lists and for rules that remove what nobody uses. */
export async function countPull(
  { state, now }: RegistryContext,
  repository: OpenRepository<"pull">,
  digest: string,
): Promise<void> {
  await state.db
    .updateTable("manifest")
    .set((eb) => ({ pull_count: eb("pull_count", "+", 1), pulled_ms: now() }))
    .where("repository_id", "=", repository.id)
    .where("digest", "=", digest)
    .execute();
  await state.db
    .updateTable("repository")
    .set((eb) => ({ pull_count: eb("pull_count", "+", 1) }))
    .where("id", "=", repository.id)
    .execute();
}

/**
 * Takes a manifest or index, and tags it.
 * @param pushed the digest that the client says it has, when it does, and tags to give it
 * @throws manifest-invalid, manifest-too-large, manifest-blob-unknown, digest-invalid
 */
export async function putManifest(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  content: Uint8Array,
  pushed: { readonly mediaType: string; readonly digest?: BlobDigest; readonly tags: readonly string[] },
): Promise<PushedManifest> {
  if (content.length > manifestLimitBytes) {
    throw refuse(
      "manifest-too-large",
      `a manifest has at most ${manifestLimitBytes} bytes, this has ${content.length}`,
    );
  }
  for (const tag of pushed.tags) checkTag(tag);
  const facts = parseManifest(content, pushed.mediaType);
  const algorithm = pushed.digest === undefined ? "sha256" : algorithmOf(pushed.digest);
  const digest: BlobDigest = `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
  if (pushed.digest !== undefined && pushed.digest !== digest) {
    throw refuse("digest-invalid", `the manifest has the digest ${digest}, not ${pushed.digest}`);
  }
  const sizes = await sizesOfBlobs(context, repository, facts);
  if (facts.artifactType === layersTypes.artifact && facts.blobs.every((blob) => sizes.has(blob))) {
    await composeBlob(context, repository, content);
  }
  const parts = await partsOfComposed(context, facts.blobs);
  const imageBytes = facts.image && sizes.get(facts.image);
  const image =
    facts.image === undefined || imageBytes === undefined
      ? undefined
      : await ensureImageFacts(context, facts.image, imageBytes);
  const nowMs = context.now();
  await context.state.db.transaction().execute(async (db) => {
    await db.updateTable("repository").set({ updated_ms: nowMs }).where("id", "=", repository.id).execute();
    const kept = [...new Set([...facts.blobs, ...parts])];
    await insertManifest(db, repository.id, { digest, content, facts, kept, image, nowMs });
    for (const name of pushed.tags) {
      await setTag(db, repository.id, { name, digest, architecture: image?.architecture }, nowMs);
    }
    if (image !== undefined) await indexRepository(db, repository.id);
  });
  return { digest, subject: facts.subject };
}

/** Sizes of the blobs that the manifest names. @throws manifest-blob-unknown naming those that are missing */
async function sizesOfBlobs(
  { state, allowsSparse }: RegistryContext,
  repository: OpenRepository<"push">,
  facts: ManifestFacts,
): Promise<ReadonlyMap<string, number>> {
  if (facts.blobs.length === 0) return new Map();
  const rows = await state.db
    .selectFrom("repository_blob")
    .innerJoin("blob", "blob.digest", "repository_blob.digest")
    .select(["blob.digest", "blob.size_bytes"])
    .where("repository_blob.repository_id", "=", repository.id)
    .where("blob.is_present", "=", 1)
    .where("blob.digest", "in", facts.blobs)
    .execute();
  const sizes = new Map(rows.map((row) => [row.digest, row.size_bytes]));
  const isOptional = (digest: BlobDigest): boolean =>
    allowsSparse && facts.image === undefined && facts.layers.includes(digest);
  const missing = facts.blobs.filter((digest) => !sizes.has(digest) && !isOptional(digest));
  if (missing.length === 0) return sizes;
  throw refuse("manifest-blob-unknown", `push these blobs to ${repository.name} first: ${missing.join(", ")}`);
}

async function insertManifest(
  db: Database,
  repositoryId: number,
  manifest: {
    readonly digest: BlobDigest;
    readonly content: Uint8Array;
    readonly facts: ManifestFacts;
    /** Blobs that stay as long as the manifest does. */
    readonly kept: readonly BlobDigest[];
    readonly image: ImageFacts | undefined;
    readonly nowMs: number;
  },
): Promise<void> {
  const { digest, content, facts, kept, image, nowMs } = manifest;
  const { id } = await db
    .insertInto("manifest")
    .values({
      repository_id: repositoryId,
      digest,
      media_type: facts.mediaType,
      artifact_type: facts.artifactType ?? null,
      subject: facts.subject ?? null,
      annotations: facts.annotations === undefined ? null : JSON.stringify(facts.annotations),
      content,
      size_bytes: content.length,
      image_digest: image?.digest ?? null,
      is_generated: 0,
      pushed_ms: nowMs,
      pulled_ms: null,
    })
    .onConflict((conflict) =>
      conflict.columns(["repository_id", "digest"]).doUpdateSet({ pushed_ms: nowMs, is_generated: 0 }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  const link = (one: BlobDigest): { manifest_id: number; digest: string } => ({ manifest_id: id, digest: one });
  for (const [table, digests] of [
    ["manifest_blob", kept],
    ["manifest_child", facts.children],
  ] as const) {
    if (digests.length === 0) continue;
    await db
      .insertInto(table)
      .values(digests.map(link))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Removes a tag, or a manifest with all its tags. @throws manifest-unknown */
export async function deleteManifest(
  context: RegistryContext,
  repository: OpenRepository<"delete">,
  reference: string,
): Promise<void> {
  const digest = tryParseDigest(reference);
  const nowMs = context.now();
  const isRemoved = await context.state.db.transaction().execute(async (db) => {
    await db.updateTable("repository").set({ updated_ms: nowMs }).where("id", "=", repository.id).execute();
    return digest === undefined
      ? removeTag(db, repository.id, { name: reference }, nowMs)
      : removeManifest(db, repository.id, digest, nowMs);
  });
  if (!isRemoved) throw refuse("manifest-unknown", `${repository.name} has no ${reference}`);
}

/** Removes a manifest with all its tags, inside the caller's transaction. @returns whether there was one */
export async function removeManifest(
  db: Database,
  repositoryId: number,
  digest: string,
  nowMs: number,
): Promise<boolean> {
  await untagManifest(db, repositoryId, digest, nowMs);
  const { numDeletedRows } = await db
    .deleteFrom("manifest")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .executeTakeFirst();
  await indexRepository(db, repositoryId);
  return numDeletedRows > 0n;
}
