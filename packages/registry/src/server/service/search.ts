import { sql } from "kysely";
import type { Identity } from "../policy/identity.ts";
import { pullFilter } from "./blobs.ts";
import type { RegistryContext } from "./context.ts";

/** One SIF that a search found. */
export interface FoundImage {
  readonly repository: string;
  readonly description: string;
  readonly digest: string;
  readonly architecture: string;
  readonly sizeBytes: number;
  readonly isSigned: boolean;
  readonly fingerprints: readonly string[];
  readonly tags: readonly string[];
  readonly pullCount: number;
}

/** What to look for. */
export interface SearchQuery {
  /** Words that all must begin a word of the name, description, labels, packages or README. */
  readonly text: string;
  readonly architecture?: string;
  readonly isSigned?: boolean;
  /** At most so many repositories; 200 when left out. */
  readonly limit?: number;
}

/**
 * Finds images by what they and their repositories say of themselves, names first. Shows what one may pull.
 * Memory: the answer.
 */
export async function searchImages(
  context: RegistryContext,
  identity: Identity,
  query: SearchQuery,
): Promise<FoundImage[]> {
  const words = query.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return [];
  const { db } = context.state;
  const mayPull = await pullFilter(context, identity);
  // weights of the columns: a word in the name says most
  const { rows } = await sql<{ id: number; name: string }>`
    select repository.id, repository.name
    from repository_text join repository on repository.id = repository_text.rowid
    where repository_text match ${words.map((word) => `"${word}"*`).join(" ")}
    order by bm25(repository_text, 10, 5, 3, 1, 1), repository.name`.execute(db);
  const visible = rows.filter(({ name }) => mayPull(name)).slice(0, query.limit ?? 200);
  if (visible.length === 0) return [];
  const found = await imagesOf(
    context,
    visible.map(({ id }) => id),
    query,
  );
  const order = new Map(visible.map(({ name }, index) => [name, index]));
  return found.toSorted((a, b) => (order.get(a.repository) ?? 0) - (order.get(b.repository) ?? 0));
}

/** The tagged SIFs of some repositories, by name. */
export async function imagesOf(
  { state }: RegistryContext,
  repositoryIds: readonly number[],
  filter: Pick<SearchQuery, "architecture" | "isSigned"> = {},
): Promise<FoundImage[]> {
  const { architecture, isSigned } = filter;
  const rows = await state.db
    .selectFrom("tag")
    .innerJoin("repository", "repository.id", "tag.repository_id")
    .innerJoin("manifest", (join) =>
      join.onRef("manifest.repository_id", "=", "tag.repository_id").onRef("manifest.digest", "=", "tag.digest"),
    )
    .innerJoin("image", "image.digest", "manifest.image_digest")
    .select(["repository.name", "repository.description", "manifest.pull_count", "image.digest", "image.architecture"])
    .select(["image.size_bytes", "image.is_signed", "image.fingerprints"])
    .select(sql<string>`json_group_array(tag.name order by tag.name)`.as("tags"))
    .where("tag.repository_id", "in", repositoryIds)
    .where("tag.architecture", "!=", "")
    .$if(architecture !== undefined, (query) =>
      query.where("image.architecture", "in", [architecture ?? "", "unknown"]),
    )
    .$if(isSigned === true, (query) => query.where("image.is_signed", "=", 1))
    .groupBy(["repository.id", "image.digest"])
    .orderBy("repository.name")
    .orderBy("image.architecture")
    .execute();
  return rows.map((row) => ({
    repository: row.name,
    description: row.description,
    digest: row.digest,
    architecture: row.architecture,
    sizeBytes: row.size_bytes,
    isSigned: row.is_signed === 1,
    fingerprints: JSON.parse(row.fingerprints) as string[], // the registry wrote it
    tags: JSON.parse(row.tags) as string[], // made by the query
    pullCount: row.pull_count,
  }));
}
