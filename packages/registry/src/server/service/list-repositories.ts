import type { Identity } from "../policy/identity.ts";
import { pullFilter } from "./blobs.ts";
import type { RegistryContext } from "./context.ts";

/** Rows that are read at once. */
const pageRows = 1000;

/**
 * Names of the repositories that somebody may pull from, in the order of their bytes.
 * Memory: one page of names beside the answer.
 * @param page names after this one, at most so many (all when left out)
 */
export async function listRepositories(
  context: RegistryContext,
  identity: Identity,
  page: { readonly after?: string; readonly limit?: number } = {},
): Promise<string[]> {
  const mayPull = await pullFilter(context, identity);
  const limit = page.limit ?? Number.MAX_SAFE_INTEGER;
  const found: string[] = [];
  let after = page.after ?? "";
  while (found.length < limit) {
    const rows = await context.state.db
      .selectFrom("repository")
      .select("name")
      .where("name", ">", after)
      .orderBy("name")
      .limit(pageRows)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) break;
    found.push(...rows.map(({ name }) => name).filter(mayPull));
    after = last.name;
  }
  return found.slice(0, limit);
}
