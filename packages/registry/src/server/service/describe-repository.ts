import type { RegistryContext } from "./context.ts";
import { refuse } from "./refusal.ts";
import { indexRepository } from "./search-text.ts";

/** What people say of a repository; what is left out stays. */
export interface RepositoryTexts {
  /** One line. */
  readonly description?: string;
  /** Markdown. */
  readonly readme?: string;
}

const descriptionLimit = 500;
const readmeLimit = 256 * 2 ** 10;

/**
 * Says what a repository is for: the catalogue shows it, and the search looks into it.
 * @param name of a repository for which somebody may do this, which was asked before
 * @returns whether there is such a repository
 * @throws request-invalid when a text is too long
 */
export async function describeRepository(
  { state, now }: Pick<RegistryContext, "state" | "now">,
  name: string,
  { description, readme }: RepositoryTexts,
): Promise<boolean> {
  const line = description?.replaceAll(/\s+/g, " ").trim();
  if (line !== undefined && line.length > descriptionLimit) {
    throw refuse("request-invalid", `a description has at most ${descriptionLimit} letters; put more into the README`);
  }
  if (readme !== undefined && readme.length > readmeLimit) {
    throw refuse("request-invalid", `a README has at most ${readmeLimit} letters`);
  }
  const texts = { ...(line !== undefined && { description: line }), ...(readme !== undefined && { readme }) };
  return state.db.transaction().execute(async (db) => {
    const changed = await db
      .updateTable("repository")
      .set({ ...texts, updated_ms: now() })
      .where("name", "=", name)
      .returning("id")
      .executeTakeFirst();
    if (changed !== undefined) await indexRepository(db, changed.id);
    return changed !== undefined;
  });
}
