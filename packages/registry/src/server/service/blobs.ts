import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { errnoOf } from "@repo2singularity/base";
import type { ByteRange } from "@repo2singularity/store/objects";
import { decide } from "../policy/decide.ts";
import type { Identity } from "../policy/identity.ts";
import { loadTargets } from "../policy/load-target.ts";
import { findComposed, readComposed } from "./composed/read-composed.ts";
import type { RegistryContext } from "./context.ts";
import type { Database } from "../state/open-state.ts";
import { type BlobDigest, blobObjectName } from "./names.ts";
import type { OpenRepository } from "./open-repository.ts";
import { checkQuota } from "./quota.ts";
import { refuse } from "./refusal.ts";

/** A blob as a repository knows it. */
export interface BlobInfo {
  readonly digest: BlobDigest;
  readonly sizeBytes: number;
}

/** More repositories that hold the same blob are not asked whether somebody may read one of them. */
const searchedHolders = 1000;

/** @returns undefined when the repository has no such blob */
export async function findBlob(
  { state }: RegistryContext,
  repository: OpenRepository<"pull" | "push">,
  digest: BlobDigest,
): Promise<BlobInfo | undefined> {
  const row = await state.db
    .selectFrom("repository_blob")
    .innerJoin("blob", "blob.digest", "repository_blob.digest")
    .select("blob.size_bytes")
    .where("repository_blob.repository_id", "=", repository.id)
    .where("blob.digest", "=", digest)
    .where("blob.is_present", "=", 1)
    .executeTakeFirst();
  return row && { digest, sizeBytes: row.size_bytes };
}

/** @throws blob-unknown */
export async function getBlob(
  context: RegistryContext,
  repository: OpenRepository<"pull" | "push">,
  digest: BlobDigest,
): Promise<BlobInfo> {
  const found = await findBlob(context, repository, digest);
  if (found !== undefined) return found;
  throw refuse("blob-unknown", `${repository.name} has no blob ${digest}`);
}

/**
 * The bytes of a blob, stored or composed: every reader goes through here. Who may read it was asked before.
 * @param range the whole blob when left out
 * @returns must be read to its end or destroyed
 * @throws blob-unknown when its bytes are gone
 */
export async function openBlob(
  context: RegistryContext,
  digest: BlobDigest,
  range?: ByteRange,
  signal?: AbortSignal,
): Promise<Readable> {
  const composed = await findComposed(context, digest);
  if (composed !== undefined) return Readable.from(readComposed(context, composed, range), { objectMode: false });
  const stored = await context.objects.read(blobObjectName(digest), { ...(range && { range }), signal });
  if (stored === undefined) throw refuse("blob-unknown", `the bytes of ${digest} are not in the store`);
  return stored;
}

/**
 * A blob as a file of this machine, for answers that are sent without streams.
 * @returns to be closed by the caller; undefined where it is composed, or the store is not on a disk of this machine
 * @throws blob-unknown when its bytes are gone
 */
export async function openBlobFile(context: RegistryContext, digest: BlobDigest): Promise<FileHandle | undefined> {
  const path = context.objects.localPath?.(blobObjectName(digest));
  if (path === undefined || (await findComposed(context, digest)) !== undefined) return undefined;
  return open(path).catch((error: unknown) => {
    throw errnoOf(error) === "ENOENT" ? refuse("blob-unknown", `the bytes of ${digest} are not in the store`) : error;
  });
}

/**
 * Lets a repository hand out a blob that is there; the caller has made sure that it may have it.
 * @throws quota-full
 */
export async function linkBlob(
  { state, now }: RegistryContext,
  repository: OpenRepository<"push">,
  digest: BlobDigest,
): Promise<void> {
  await state.db.transaction().execute(async (db) => linkInside(db, repository, digest, now()));
}

/**
 * The same inside a transaction, which is given up when a quota would be passed: of several at once, the last ones.
 * @throws quota-full
 */
export async function linkInside(
  db: Database,
  repository: OpenRepository<"push">,
  digest: BlobDigest,
  nowMs: number,
): Promise<void> {
  // a write comes first: it takes the database's lock, so that nobody else changes what is counted
  await db.updateTable("blob").set({ touched_ms: nowMs }).where("digest", "=", digest).execute();
  const { numUpdatedRows } = await db
    .updateTable("repository_blob")
    .set({ added_ms: nowMs })
    .where("repository_id", "=", repository.id)
    .where("digest", "=", digest)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return;
  await db.insertInto("repository_blob").values({ repository_id: repository.id, digest, added_ms: nowMs }).execute();
  await checkQuota(db, repository.name);
}

/**
 * Takes over a blob that somebody has elsewhere, without sending it: knowing a digest is not enough, they must be
 * allowed to pull it there.
 * @param from the repository to take it from; any that they may pull when left out
 * @returns undefined when there is none
 */
export async function mountBlob(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  digest: BlobDigest,
  from?: string,
): Promise<BlobInfo | undefined> {
  const holders = await context.state.db
    .selectFrom("repository_blob")
    .innerJoin("repository", "repository.id", "repository_blob.repository_id")
    .innerJoin("blob", "blob.digest", "repository_blob.digest")
    .select(["repository.name", "blob.size_bytes"])
    .where("repository_blob.digest", "=", digest)
    .where("blob.is_present", "=", 1)
    .$if(from !== undefined, (query) => query.where("repository.name", "=", from ?? ""))
    .limit(searchedHolders)
    .execute();
  const mayPull = await pullFilter(context, repository.identity);
  const holder = holders.find(({ name }) => mayPull(name));
  if (holder === undefined) return undefined;
  await linkBlob(context, repository, digest);
  return { digest, sizeBytes: holder.size_bytes };
}

/** Which of many repositories somebody may pull from. */
export async function pullFilter(context: RegistryContext, identity: Identity): Promise<(name: string) => boolean> {
  const targetOf = await loadTargets(context.state.db, identity);
  return (name) => decide(identity, "pull", targetOf(name)) === "allowed";
}

/** Takes a blob out of a repository; its bytes go when nobody holds it any more. @throws blob-unknown */
export async function removeBlob(
  { state }: RegistryContext,
  repository: OpenRepository<"delete">,
  digest: BlobDigest,
): Promise<void> {
  const { numDeletedRows } = await state.db
    .deleteFrom("repository_blob")
    .where("repository_id", "=", repository.id)
    .where("digest", "=", digest)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw refuse("blob-unknown", `${repository.name} has no blob ${digest}`);
}
