import type { RegistryContext } from "./context.ts";
import { ensureImageFacts, type ImageFacts, imageFactsOf } from "./image-facts.ts";
import { takeWholeBlob } from "./keep-blob.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { putManifest, removeManifest } from "./manifests.ts";
import { type BlobDigest, checkTag } from "./names.ts";
import type { OpenRepository } from "./open-repository.ts";
import { refuse } from "./refusal.ts";
import { indexRepository } from "./search-text.ts";
import { removeTag, setTag } from "./tags.ts";

/** A SIF in a repository. */
export interface Image extends ImageFacts {
  readonly manifestDigest: BlobDigest;
  readonly tags: readonly string[];
  readonly pushedMs: number;
  readonly pullCount: number;
}

/** Which SIF is meant: by tag and architecture, or by its own digest. */
export type ImageQuery = { readonly tag: string; readonly architecture: string } | { readonly digest: BlobDigest };

/** `{}`: the config of a SIF as an OCI artifact. */
const emptyConfig = Buffer.from("{}");
const emptyConfigDigest: BlobDigest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/** @returns undefined when the repository has no such SIF, or only one of another architecture */
export async function findImage(
  context: RegistryContext,
  repository: OpenRepository<"pull" | "push">,
  query: ImageQuery,
): Promise<Image | undefined> {
  const { db } = context.state;
  const found = db
    .selectFrom("manifest")
    .innerJoin("image", "image.digest", "manifest.image_digest")
    .selectAll("image")
    .select(["manifest.digest as manifest_digest", "manifest.pushed_ms", "manifest.pull_count"])
    .where("manifest.repository_id", "=", repository.id);
  const row =
    "digest" in query
      ? await found.where("manifest.image_digest", "=", query.digest).executeTakeFirst()
      : await found
          .innerJoin("tag", (join) =>
            join.onRef("tag.repository_id", "=", "manifest.repository_id").onRef("tag.digest", "=", "manifest.digest"),
          )
          .where("tag.name", "=", query.tag)
          // one whose header does not say what it is for is for all
          .where("tag.architecture", "in", [query.architecture, "unknown"])
          .orderBy("tag.architecture")
          .executeTakeFirst();
  if (row === undefined) return undefined;
  const tags = await db
    .selectFrom("tag")
    .select("name")
    .distinct()
    .where("repository_id", "=", repository.id)
    .where("digest", "=", row.manifest_digest)
    .orderBy("name")
    .execute();
  return {
    ...imageFactsOf(row),
    manifestDigest: row.manifest_digest as BlobDigest, // the registry wrote it
    tags: tags.map(({ name }) => name),
    pushedMs: row.pushed_ms,
    pullCount: row.pull_count,
  };
}

/**
 * Makes an image of a SIF whose bytes the repository has: the manifest that `apptainer push oras://` would have made.
 * @throws image-invalid when the bytes are no SIF; blob-unknown when they are not there
 */
export async function addImage(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  sif: { readonly digest: BlobDigest; readonly sizeBytes: number },
): Promise<Image> {
  const known = await findImage(context, repository, { digest: sif.digest });
  if (known !== undefined) return known;
  if ((await ensureImageFacts(context, sif.digest, sif.sizeBytes)) === undefined) {
    throw refuse("image-invalid", "what was sent is no SIF");
  }
  const config = { digest: emptyConfigDigest, sizeBytes: emptyConfig.length };
  await takeWholeBlob(
    context,
    repository,
    config,
    (async function* once() {
      yield emptyConfig;
    })(),
  );
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.sifConfig, digest: config.digest, size: config.sizeBytes },
    layers: [{ mediaType: mediaTypes.sifLayer, digest: sif.digest, size: sif.sizeBytes }],
  };
  const content = Buffer.from(JSON.stringify(document));
  await putManifest(context, repository, content, { mediaType: mediaTypes.manifest, tags: [] });
  const made = await findImage(context, repository, { digest: sif.digest });
  if (made === undefined) throw refuse("blob-unknown", `${repository.name} has no ${sif.digest}`);
  return made;
}

/**
 * Lets a tag mean an image, for its architecture.
 * @param architecture as the client says it; the image's own header counts when it says something
 */
export async function tagImage(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  image: Image,
  { tag, architecture }: { readonly tag: string; readonly architecture: string },
): Promise<void> {
  checkTag(tag);
  const nowMs = context.now();
  const own = image.architecture === "unknown" ? architecture : image.architecture;
  await context.state.db.transaction().execute(async (db) => {
    await db.updateTable("repository").set({ updated_ms: nowMs }).where("id", "=", repository.id).execute();
    await setTag(db, repository.id, { name: tag, digest: image.manifestDigest, architecture: own }, nowMs);
    await indexRepository(db, repository.id);
  });
}

/** Removes a tag of one architecture, or an image with all its tags. @returns whether there was one */
export async function removeImage(
  context: RegistryContext,
  repository: OpenRepository<"delete">,
  query: ImageQuery,
): Promise<boolean> {
  const nowMs = context.now();
  return context.state.db.transaction().execute(async (db) => {
    await db.updateTable("repository").set({ updated_ms: nowMs }).where("id", "=", repository.id).execute();
    if ("tag" in query) {
      const isRemoved = await removeTag(
        db,
        repository.id,
        { name: query.tag, architecture: query.architecture },
        nowMs,
      );
      await indexRepository(db, repository.id);
      return isRemoved;
    }
    const row = await db
      .selectFrom("manifest")
      .select("digest")
      .where("repository_id", "=", repository.id)
      .where("image_digest", "=", query.digest)
      .executeTakeFirst();
    return row !== undefined && removeManifest(db, repository.id, row.digest, nowMs);
  });
}

/** What the tags of a repository mean, by architecture: digests of SIFs. */
export async function tagsByArchitecture(
  { state }: RegistryContext,
  repository: OpenRepository<"pull" | "push">,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const rows = await state.db
    .selectFrom("tag")
    .innerJoin("manifest", (join) =>
      join.onRef("manifest.repository_id", "=", "tag.repository_id").onRef("manifest.digest", "=", "tag.digest"),
    )
    .select(["tag.architecture", "tag.name", "manifest.image_digest"])
    .where("tag.repository_id", "=", repository.id)
    .where("tag.architecture", "!=", "")
    .orderBy("tag.architecture")
    .orderBy("tag.name")
    .execute();
  const found = new Map<string, Map<string, string>>();
  for (const { architecture, name, image_digest } of rows) {
    const tags = found.get(architecture) ?? new Map<string, string>();
    found.set(architecture, tags.set(name, image_digest ?? ""));
  }
  return found;
}
