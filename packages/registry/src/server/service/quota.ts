import { type AppError, formatSize } from "@repo2singularity/base";
import { sql } from "kysely";
import { pathsTo } from "../policy/load-target.ts";
import type { Database } from "../state/open-state.ts";
import type { RegistryContext } from "./context.ts";
import type { OpenRepository } from "./open-repository.ts";
import { refuse } from "./refusal.ts";

/** What a collection's repositories hold, each blob once, in bytes. `""` is the whole registry. */
async function usedBytes(db: Database, collection: string): Promise<number> {
  const held = db
    .selectFrom("repository_blob")
    .innerJoin("repository", "repository.id", "repository_blob.repository_id")
    .select("repository_blob.digest")
    .$if(collection !== "", (query) =>
      query.where((eb) =>
        eb.or([
          eb("repository.name", "=", collection),
          // names of its repositories lie between these two: `/` is followed by `0` in ASCII
          eb.and([eb("repository.name", ">", `${collection}/`), eb("repository.name", "<", `${collection}0`)]),
        ]),
      ),
    );
  const { used } = await db
    .selectFrom("blob")
    .select(sql<number | null>`sum(size_bytes)`.as("used"))
    .where("digest", "in", held)
    .where("digest", "not in", db.selectFrom("composed_blob").select("digest")) // their layers count
    .executeTakeFirstOrThrow();
  return used ?? 0;
}

/** What the repository's collection with the tightest quota holds, and may hold at most; the repository's own without. */
export async function quotaOf(
  { state }: RegistryContext,
  repository: OpenRepository<"push">,
): Promise<{ readonly usedBytes: number; readonly limitBytes: number | undefined }> {
  const remaining = await remainingQuota(state.db, repository);
  const used = await usedBytes(state.db, remaining?.collection ?? repository.name);
  return { usedBytes: used, limitBytes: remaining && remaining.bytes + used };
}

/**
 * Says no when one of the collections that a repository lies in holds more than its quota. Called inside the
 * transaction that made it hold more, so that of several at once none passes unseen.
 * @throws quota-full, which must end the transaction
 */
export async function checkQuota(db: Database, repositoryName: string): Promise<void> {
  for (const { path, quotaBytes } of await quotasOf(db, repositoryName)) {
    const used = await usedBytes(db, path);
    if (used > quotaBytes)
      throw quotaFull(path, `${formatSize(used)} with what was sent, of ${formatSize(quotaBytes)}`);
  }
}

/** The quotas of the collections that a repository lies in. */
async function quotasOf(
  db: Database,
  repositoryName: string,
): Promise<ReadonlyArray<{ readonly path: string; readonly quotaBytes: number }>> {
  const rows = await db
    .selectFrom("collection")
    .select(["path", "quota_bytes"])
    .where("path", "in", pathsTo(repositoryName))
    .where("quota_bytes", "is not", null)
    .execute();
  return rows.map(({ path, quota_bytes }) => ({ path, quotaBytes: quota_bytes ?? 0 }));
}

function quotaFull(collection: string, details: string): AppError {
  const where = collection === "" ? "the registry" : collection;
  return refuse("quota-full", `the quota of ${where} is full: ${details}`);
}

/** How much more a repository may take, by the tightest quota on the way to it; undefined when there is none. */
async function remainingQuota(
  db: Database,
  repository: OpenRepository<"push">,
): Promise<{ readonly bytes: number; readonly collection: string } | undefined> {
  const quotas = await quotasOf(db, repository.name);
  const remaining = await Promise.all(
    quotas.map(async ({ path, quotaBytes }) => ({ collection: path, bytes: quotaBytes - (await usedBytes(db, path)) })),
  );
  return remaining.toSorted((a, b) => a.bytes - b.bytes)[0];
}

/**
 * Content that ends with an error when it is more than the repository may still take. Others may take it meanwhile:
 * {@link checkQuota} has the last word.
 * @param announcedBytes refused at once when it is too much
 * @param hereBytes of the same upload that came before
 * @throws quota-full
 */
export async function withinQuota(
  { state }: RegistryContext,
  repository: OpenRepository<"push">,
  content: AsyncIterable<Uint8Array>,
  announcedBytes = 0,
  hereBytes = 0,
): Promise<AsyncIterable<Uint8Array>> {
  const remaining = await remainingQuota(state.db, repository);
  if (remaining === undefined) return content;
  const check = (sizeBytes: number): void => {
    if (sizeBytes <= remaining.bytes) return;
    const left = formatSize(Math.max(0, remaining.bytes));
    throw quotaFull(remaining.collection, `${left} are left, more than that was sent`);
  };
  check(hereBytes + announcedBytes);
  return (async function* counted() {
    let seenBytes = hereBytes;
    for await (const chunk of content) {
      seenBytes += chunk.length;
      check(seenBytes);
      yield chunk;
    }
  })();
}
