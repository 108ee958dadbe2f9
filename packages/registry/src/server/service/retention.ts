import { pathsTo } from "../policy/load-target.ts";
import type { RegistryContext } from "./context.ts";
import { listCollections, type Retention } from "./collections.ts";
import { indexRepository } from "./search-text.ts";
import { removeTag } from "./tags.ts";

/** A tag that the rules let go, and why. */
export interface ExpiredTag {
  readonly repository: string;
  readonly tag: string;
  readonly architecture: string;
  readonly digest: string;
  readonly reason: "not among the newest of its branch" | "not used";
}

const dayMs = 24 * 3_600_000;

interface TagRow {
  readonly repository_id: number;
  readonly repository: string;
  readonly tag: string;
  readonly architecture: string;
  readonly digest: string;
  readonly updated_ms: number;
  readonly used_ms: number;
  readonly is_kept: number;
}

/**
 * Which tags the rules of their collections let go: the innermost collection that says something counts. What is
 * cited stays whatever they say. Changes nothing.
 */
export async function planRetention(context: RegistryContext): Promise<ExpiredTag[]> {
  const rules = new Map(
    (await listCollections(context.state.db)).map(({ path, retention }) => [path, retention] as const),
  );
  const rows = await readTags(context);
  const expired: ExpiredTag[] = [];
  for (const group of Map.groupBy(rows, (row) => row.repository).values()) {
    const [first] = group;
    if (first !== undefined) expired.push(...expiredOf(group, ruleFor(rules, first.repository), context.now()));
  }
  return expired;
}

/** Takes those tags away; their bytes go with the next collection of garbage. */
export async function applyRetention(context: RegistryContext, expired: readonly ExpiredTag[]): Promise<void> {
  const nowMs = context.now();
  for (const { repository, tag, architecture } of expired) {
    await context.state.db.transaction().execute(async (db) => {
      const row = await db
        .updateTable("repository")
        .set({ updated_ms: nowMs })
        .where("name", "=", repository)
        .returning("id")
        .executeTakeFirst();
      if (row === undefined) return;
      await removeTag(db, row.id, { name: tag, architecture }, nowMs);
      await indexRepository(db, row.id);
    });
  }
}

/**
 * Says that the image of a tag is cited, for ever, or no more.
 * @returns whether there was such a tag
 */
export async function keepImage(
  { state }: RegistryContext,
  where: { readonly repository: string; readonly tag: string },
  isKept: boolean,
): Promise<boolean> {
  const { numUpdatedRows } = await state.db
    .updateTable("manifest")
    .set({ is_kept: isKept ? 1 : 0 })
    .where("id", "in", (query) =>
      query
        .selectFrom("tag")
        .innerJoin("repository", "repository.id", "tag.repository_id")
        .innerJoin("manifest", (join) =>
          join.onRef("manifest.repository_id", "=", "tag.repository_id").onRef("manifest.digest", "=", "tag.digest"),
        )
        .select("manifest.id")
        .where("repository.name", "=", where.repository)
        .where("tag.name", "=", where.tag),
    )
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * The branch of a tag: what stands before the commit, date or number at its end (`main-1a2b3c4`, `main-20260131`).
 * A tag without such an end is a branch of its own.
 */
export function branchOf(tag: string): string {
  return /^(.+)[-.](?:[0-9a-f]{7,64}|\d+)$/.exec(tag)?.[1] ?? tag;
}

function ruleFor(rules: ReadonlyMap<string, Retention>, repository: string): Retention {
  const said = pathsTo(repository)
    .map((path) => rules.get(path) ?? {})
    .filter((rule) => Object.keys(rule).length > 0);
  return said.at(-1) ?? {};
}

function expiredOf(rows: readonly TagRow[], rule: Retention, nowMs: number): ExpiredTag[] {
  const { keepLast, expireUnusedDays } = rule;
  const branches = Map.groupBy(rows, (row) => `${branchOf(row.tag)} ${row.architecture}`);
  const found: ExpiredTag[] = [];
  for (const branch of branches.values()) {
    const newestFirst = branch.toSorted((a, b) => b.updated_ms - a.updated_ms || (a.tag < b.tag ? 1 : -1));
    for (const [place, row] of newestFirst.entries()) {
      const isOld = keepLast !== undefined && place >= keepLast;
      const isUnused = expireUnusedDays !== undefined && row.used_ms < nowMs - expireUnusedDays * dayMs;
      if (row.is_kept === 1 || (!isOld && !isUnused)) continue;
      const { repository, tag, architecture, digest } = row;
      const reason = isOld ? "not among the newest of its branch" : "not used";
      found.push({ repository, tag, architecture, digest, reason });
    }
  }
  return found;
}

function readTags({ state }: RegistryContext): Promise<TagRow[]> {
  return (
    state.db
      .selectFrom("tag")
      .innerJoin("repository", "repository.id", "tag.repository_id")
      .innerJoin("manifest", (join) =>
        join.onRef("manifest.repository_id", "=", "tag.repository_id").onRef("manifest.digest", "=", "tag.digest"),
      )
      .select([
        "tag.repository_id",
        "repository.name as repository",
        "tag.name as tag",
        "tag.architecture",
        "tag.digest",
      ])
      .select(["tag.updated_ms", "manifest.is_kept"])
      .select((eb) => eb.fn<number>("coalesce", ["manifest.pulled_ms", "manifest.pushed_ms"]).as("used_ms"))
      .where("manifest.is_generated", "=", 0)
      // what OCI clients see goes with the last architecture
      .where((eb) => eb.or([eb("tag.architecture", "!=", ""), eb("manifest.image_digest", "is", null)]))
      .orderBy("repository.name")
      .execute()
  );
}
