import type { Identity } from "../policy/identity.ts";
import type { RegistryContext } from "./context.ts";
import { listRepositories } from "./list-repositories.ts";
import type { OpenRepository } from "./open-repository.ts";
import { type FoundImage, imagesOf, searchImages } from "./search.ts";

/** A repository as the catalogue shows it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly description: string;
  readonly updatedMs: number;
  readonly pullCount: number;
  readonly images: ReadonlyArray<Omit<FoundImage, "repository" | "description">>;
}

/**
 * A page of what somebody may pull, by name, or of what a search found, best first.
 * @param page at most so many repositories after a name, or with all of some words
 */
export async function readCatalogue(
  context: RegistryContext,
  identity: Identity,
  page: { readonly limit: number; readonly after?: string; readonly words?: string },
): Promise<CatalogueEntry[]> {
  const names =
    page.words === undefined
      ? await listRepositories(context, identity, page)
      : unique(
          (await searchImages(context, identity, { text: page.words, limit: page.limit })).map((one) => one.repository),
        );
  return entriesOf(context, names);
}

/** One repository, with its README. */
export async function readCatalogueEntry(
  context: RegistryContext,
  repository: OpenRepository<"pull">,
): Promise<CatalogueEntry & { readonly readme: string }> {
  const [entry] = await entriesOf(context, [repository.name]);
  const { readme } = await context.state.db
    .selectFrom("repository")
    .select("readme")
    .where("id", "=", repository.id)
    .executeTakeFirstOrThrow();
  return { ...(entry ?? { name: repository.name, description: "", updatedMs: 0, pullCount: 0, images: [] }), readme };
}

async function entriesOf(context: RegistryContext, names: readonly string[]): Promise<CatalogueEntry[]> {
  if (names.length === 0) return [];
  const rows = await context.state.db
    .selectFrom("repository")
    .select(["id", "name", "description", "updated_ms", "pull_count"])
    .where("name", "in", names)
    .execute();
  const images = Map.groupBy(
    await imagesOf(
      context,
      rows.map(({ id }) => id),
    ),
    (image) => image.repository,
  );
  const entries = new Map(
    rows.map((row) => [
      row.name,
      {
        name: row.name,
        description: row.description,
        updatedMs: row.updated_ms,
        pullCount: row.pull_count,
        images: (images.get(row.name) ?? []).map(({ repository: _r, description: _d, ...image }) => image),
      },
    ]),
  );
  return names.flatMap((name) => entries.get(name) ?? []);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
