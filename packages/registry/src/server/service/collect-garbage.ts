import type { Database } from "../state/open-state.ts";
import type { RegistryContext } from "./context.ts";
import { type BlobDigest, blobObjectName } from "./names.ts";
import { removeManifest } from "./manifests.ts";

/** How garbage is collected. */
export interface CollectOptions {
  /** What is younger than this many milliseconds stays: a push may be about to use it. A day when left out. */
  readonly graceMs?: number;
  /** Whether manifests without a tag go too, unless an index or another manifest needs them. */
  readonly untagged?: boolean;
  /** Whether it is only counted; nothing is removed then. */
  readonly isDryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** What was removed, or would be. */
export interface CollectReport {
  readonly manifestCount: number;
  readonly blobCount: number;
  readonly blobBytes: number;
  readonly uploadCount: number;
}

const dayMs = 24 * 3_600_000;

/**
 * Removes what nobody can reach: blobs that no manifest names, uploads that nobody goes on with.
 * Runs beside a server that works, also in another process. Memory: digests of what is removed.
 */
export async function collectGarbage(context: RegistryContext, options: CollectOptions = {}): Promise<CollectReport> {
  const { graceMs = dayMs, untagged = false, isDryRun = false, signal } = options;
  const beforeMs = context.now() - graceMs;
  const { db } = context.state;
  const manifests = untagged ? await findUntagged(db, beforeMs) : [];
  if (isDryRun) return countOnly(context, beforeMs, manifests.length);
  for (const batch of batches(manifests)) {
    signal?.throwIfAborted();
    await db.transaction().execute(async (inner) => {
      for (const { repository_id, digest } of batch) await removeManifest(inner, repository_id, digest, context.now());
    });
  }
  const uploadCount = await removeUploads(context, beforeMs);
  await unlinkUnused(db, beforeMs);
  let [blobCount, blobBytes] = [0, 0];
  for (const batch of batches(await findUnused(db, beforeMs))) {
    signal?.throwIfAborted();
    for (const blob of await removeUnused(context, batch, beforeMs)) {
      blobCount += 1;
      blobBytes += blob.size_bytes;
    }
  }
  await db
    .deleteFrom("image")
    .where("digest", "not in", (query) => query.selectFrom("blob").select("digest"))
    .execute();
  return { manifestCount: manifests.length, blobCount, blobBytes, uploadCount };
}

async function countOnly({ state }: RegistryContext, beforeMs: number, manifestCount: number): Promise<CollectReport> {
  const { db } = state;
  const uploads = await staleUploads(db, beforeMs);
  // inside a transaction that is given up, so that the count is that of the real thing
  let blobs: Awaited<ReturnType<typeof findUnused>> = [];
  const giveUp = new Error("only counted");
  await db
    .transaction()
    .execute(async (inner) => {
      await unlinkUnused(inner, beforeMs);
      blobs = await findUnused(inner, beforeMs);
      throw giveUp;
    })
    .catch((error: unknown) => {
      if (error !== giveUp) throw error;
    });
  const blobBytes = blobs.reduce((sum, blob) => sum + blob.size_bytes, 0);
  return { manifestCount, blobCount: blobs.length, blobBytes, uploadCount: uploads.length };
}

function findUntagged(
  db: Database,
  beforeMs: number,
): Promise<ReadonlyArray<{ readonly repository_id: number; readonly digest: string }>> {
  return db
    .selectFrom("manifest")
    .select(["repository_id", "digest"])
    .where("pushed_ms", "<", beforeMs)
    .where("is_kept", "=", 0)
    .where("subject", "is", null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("tag")
            .select("tag.name")
            .whereRef("tag.repository_id", "=", "manifest.repository_id")
            .whereRef("tag.digest", "=", "manifest.digest"),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("manifest_child")
            .select("manifest_child.digest")
            .whereRef("manifest_child.digest", "=", "manifest.digest"),
        ),
      ),
    )
    .execute();
}

/** Takes blobs from repositories none of whose manifests name them. */
async function unlinkUnused(db: Database, beforeMs: number): Promise<void> {
  await db
    .deleteFrom("repository_blob")
    .where("added_ms", "<", beforeMs)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("manifest_blob")
            .innerJoin("manifest", "manifest.id", "manifest_blob.manifest_id")
            .select("manifest.id")
            .whereRef("manifest_blob.digest", "=", "repository_blob.digest")
            .whereRef("manifest.repository_id", "=", "repository_blob.repository_id"),
        ),
      ),
    )
    .execute();
}

interface UnusedBlob {
  readonly digest: string;
  readonly size_bytes: number;
}

function findUnused(db: Database, beforeMs: number): Promise<readonly UnusedBlob[]> {
  return db
    .selectFrom("blob")
    .select(["digest", "size_bytes"])
    .where("touched_ms", "<", beforeMs)
    .where("digest", "not in", (query) => query.selectFrom("repository_blob").select("digest"))
    .where("digest", "not in", (query) => query.selectFrom("manifest_blob").select("digest"))
    .execute();
}

/**
 * Removes blobs that are still unused. The row goes first, which takes the database's lock; who sends the same blob
 * meanwhile waits for it and then sends the bytes anew.
 * @returns those that were removed
 */
async function removeUnused(
  { state, objects }: RegistryContext,
  blobs: readonly UnusedBlob[],
  beforeMs: number,
): Promise<readonly UnusedBlob[]> {
  return state.db.transaction().execute(async (db) => {
    const removed = await db
      .deleteFrom("blob")
      .where(
        "digest",
        "in",
        blobs.map(({ digest }) => digest),
      )
      .where("touched_ms", "<", beforeMs)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("repository_blob")
              .select("repository_blob.digest")
              .whereRef("repository_blob.digest", "=", "blob.digest"),
          ),
        ),
      )
      .returning(["digest", "size_bytes"])
      .execute();
    // only keepBlob writes the rows
    await Promise.all(removed.map(({ digest }) => objects.remove(blobObjectName(digest as BlobDigest))));
    return removed;
  });
}

/** Few enough that others do not wait long for the lock. */
function* batches<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let start = 0; start < items.length; start += 50) yield items.slice(start, start + 50);
}

function staleUploads(db: Database, beforeMs: number): Promise<Array<{ id: string; object_id: string }>> {
  return db.selectFrom("upload").select(["id", "object_id"]).where("touched_ms", "<", beforeMs).execute();
}

async function removeUploads({ state, objects, now }: RegistryContext, beforeMs: number): Promise<number> {
  const stale = await staleUploads(state.db, beforeMs);
  for (const { id, object_id } of stale) {
    const upload = await objects.resumeUpload(`uploads/${id}`, object_id);
    await upload?.abort();
    await state.db.deleteFrom("upload").where("id", "=", id).execute();
  }
  await state.db.deleteFrom("image_upload").where("expires_ms", "<", now()).execute();
  for await (const object of objects.list("uploads/")) {
    if (object.modified.getTime() < beforeMs) await objects.remove(object.name);
  }
  return stale.length;
}
