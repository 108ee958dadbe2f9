import { sql } from "kysely";
import type { Database } from "../state/open-state.ts";

/**
 * Brings the full-text index of a repository up to what it holds: its name, its texts, and labels and packages of the
 * images under its tags. Runs inside the caller's transaction.
 */
export async function indexRepository(db: Database, repositoryId: number): Promise<void> {
  const repository = await db
    .selectFrom("repository")
    .select(["name", "description", "readme"])
    .where("id", "=", repositoryId)
    .executeTakeFirst();
  await db.deleteFrom("repository_text").where("rowid", "=", repositoryId).execute();
  if (repository === undefined) return;
  const images = await db
    .selectFrom("image")
    .select(["labels", "packages"])
    .where("digest", "in", (query) =>
      query
        .selectFrom("tag")
        .innerJoin("manifest", (join) =>
          join.onRef("manifest.repository_id", "=", "tag.repository_id").onRef("manifest.digest", "=", "tag.digest"),
        )
        .select("manifest.image_digest")
        .where("tag.repository_id", "=", repositoryId)
        .where("manifest.image_digest", "is not", null)
        .$castTo<{ image_digest: string }>(),
    )
    .execute();
  // both columns are JSON that the registry wrote
  const labels = images.flatMap((image) => Object.entries(JSON.parse(image.labels) as Record<string, string>).flat());
  const packages = images.flatMap((image) => JSON.parse(image.packages) as string[]);
  const texts = [
    repository.name,
    repository.description,
    [...new Set(labels)].join("\n"),
    [...new Set(packages)].join("\n"),
    repository.readme,
  ];
  await sql`insert into repository_text (rowid, name, description, labels, packages, readme)
    values (${repositoryId}, ${sql.join(texts)})`.execute(db);
}
