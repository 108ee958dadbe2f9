import { createHash, type Hash } from "node:crypto";
import type { Database } from "../state/open-state.ts";
import { linkInside } from "./blobs.ts";
import type { RegistryContext } from "./context.ts";
import { algorithmOf, type BlobDigest, blobObjectName } from "./names.ts";
import type { OpenRepository } from "./open-repository.ts";
import { withinQuota } from "./quota.ts";
import { refuse } from "./refusal.ts";

/** Hands bytes on and puts them into a hash on the way. */
export async function* hashing(
  content: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}

/**
 * Gives bytes that were checked the name of their digest, unless they are there already, and lets the repository hand
 * them out.
 *
 * The rows come before the bytes. So the quota is asked under the database's lock, and of uploads that pass it together
 * the last is refused with nothing of it left. And the collector, which looks at the rows under the same lock before it
 * removes bytes, leaves alone what was touched just now: a blob that is sent while its last copy is collected is not
 * lost.
 * @param place moves or makes the object; not called when the blob is there
 * @throws quota-full
 */
export async function keepBlob(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  blob: { readonly digest: BlobDigest; readonly sizeBytes: number },
  place: { arrive(objectName: string): Promise<unknown>; discard(): Promise<unknown> },
): Promise<void> {
  const { db } = context.state;
  const { digest } = blob;
  const isPresent = await db.transaction().execute(async (inner) => {
    const nowMs = context.now();
    const { is_present } = await inner
      .insertInto("blob")
      .values({ digest, size_bytes: blob.sizeBytes, touched_ms: nowMs, is_present: 0 })
      .onConflict((conflict) => conflict.column("digest").doUpdateSet({ touched_ms: nowMs }))
      .returning("is_present")
      .executeTakeFirstOrThrow();
    await linkInside(inner, repository, digest, nowMs);
    return is_present === 1;
  });
  const name = blobObjectName(digest);
  try {
    if (isPresent && (await context.objects.stat(name)) !== undefined) await place.discard();
    else await place.arrive(name);
  } catch (error) {
    if (!isPresent) await unlink(db, repository.id, digest);
    throw error;
  }
  await db.transaction().execute(async (inner) => {
    await inner.updateTable("blob").set({ is_present: 1 }).where("digest", "=", digest).execute();
    // again: whoever sent the same to the same repository and failed has taken it away
    await linkInside(inner, repository, digest, context.now());
  });
}

/** Takes back that a repository may hand out a blob whose bytes did not come; until then they count for its quota. */
async function unlink(db: Database, repositoryId: number, digest: BlobDigest): Promise<void> {
  await db
    .deleteFrom("repository_blob")
    .where("repository_id", "=", repositoryId)
    .where("digest", "=", digest)
    .where("digest", "in", (query) => query.selectFrom("blob").select("digest").where("is_present", "=", 0))
    .execute();
}

/**
 * Takes a blob that comes in one piece with its digest. Nothing stays when the digest is another.
 * @throws digest-invalid, size-invalid, quota-full
 */
export async function takeWholeBlob(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  blob: { readonly digest: BlobDigest; readonly sizeBytes?: number },
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<number> {
  const hash = createHash(algorithmOf(blob.digest));
  const name = `uploads/${context.makeId()}`;
  const limited = await withinQuota(context, repository, content, blob.sizeBytes);
  const { sizeBytes } = await context.objects.write(name, hashing(limited, hash), { signal });
  try {
    checkDigest(blob.digest, hash);
    if (blob.sizeBytes !== undefined && blob.sizeBytes !== sizeBytes) {
      throw refuse("size-invalid", `${blob.digest}: ${blob.sizeBytes} bytes were announced, ${sizeBytes} came`);
    }
    const arrive = (to: string): Promise<void> => context.objects.move(name, to);
    await keepBlob(context, repository, { digest: blob.digest, sizeBytes }, { arrive, discard: async () => {} });
    return sizeBytes;
  } finally {
    await context.objects.remove(name);
  }
}

/** @throws digest-invalid */
export function checkDigest(digest: BlobDigest, hash: Hash): void {
  const found = `${algorithmOf(digest)}:${hash.digest("hex")}`;
  if (found !== digest) throw refuse("digest-invalid", `the content has the digest ${found}, not ${digest}`);
}
