import { createHash } from "node:crypto";
import { isAppError } from "@repo2singularity/base";
import { type LayersArtifact, parseLayersManifest } from "../../../layered/layers-artifact.ts";
import { findBlob, linkBlob } from "../blobs.ts";
import type { RegistryContext } from "../context.ts";
import type { BlobDigest } from "../names.ts";
import type { OpenRepository } from "../open-repository.ts";
import { refuse } from "../refusal.ts";
import { type ComposedBlob, openComposed } from "./read-composed.ts";

/** Blobs that a manifest must keep besides those it names: what its composed ones are made of. */
export async function partsOfComposed(
  { state }: RegistryContext,
  digests: readonly BlobDigest[],
): Promise<readonly BlobDigest[]> {
  if (digests.length === 0) return [];
  const rows = await state.db.selectFrom("composed_blob").selectAll().where("digest", "in", digests).execute();
  return rows.flatMap(({ extents, layers }) => [extents, ...(JSON.parse(layers) as string[])] as BlobDigest[]);
}

/**
 * Takes an image as its layers: whoever pushed those need not push the image, and it costs no more than they do.
 * The repository must have them. Its bytes are made once, to compare their digest, also when the registry has the image
 * already: it may lie in a repository that the pusher must not read, and only who has all of it may name it.
 * @param manifest the artifact's
 * @throws image-invalid when the layers do not give the image that the artifact promises, or it is no such artifact
 */
export async function composeBlob(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  manifest: Uint8Array,
): Promise<void> {
  try {
    await compose(context, repository, parseLayersManifest(manifest, "the manifest of layers"));
  } catch (error) {
    throw isAppError(error, "E_OCI_INVALID") ? refuse("image-invalid", error.message) : error;
  }
}

async function compose(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  { image, extents, layers }: LayersArtifact,
): Promise<void> {
  if ((await findBlob(context, repository, image.digest)) !== undefined) return;
  const blob = { digest: image.digest, extents: extents.digest, layers: layers.map(({ digest }) => digest) };
  await checkImage(context, blob, image.sizeBytes);
  await keepComposed(context, blob, image.sizeBytes);
  await linkBlob(context, repository, image.digest);
}

/** An image that is stored as such stays so: manifests that name it keep nothing else. */
async function keepComposed({ state, now }: RegistryContext, blob: ComposedBlob, sizeBytes: number): Promise<void> {
  const nowMs = now();
  await state.db.transaction().execute(async (db) => {
    const known = await db
      .updateTable("blob")
      .set({ touched_ms: nowMs })
      .where("digest", "=", blob.digest)
      .where("is_present", "=", 1)
      .returning("digest")
      .executeTakeFirst();
    if (known !== undefined) return;
    await db
      .insertInto("blob")
      .values({ digest: blob.digest, size_bytes: sizeBytes, touched_ms: nowMs, is_present: 1 })
      .onConflict((conflict) => conflict.column("digest").doUpdateSet({ touched_ms: nowMs, is_present: 1 }))
      .execute();
    await db
      .insertInto("composed_blob")
      .values({ digest: blob.digest, extents: blob.extents, layers: JSON.stringify(blob.layers) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

async function checkImage(context: RegistryContext, blob: ComposedBlob, sizeBytes: number): Promise<void> {
  await using open = await openComposed(context, blob);
  const { composition } = open;
  const hash = createHash("sha256");
  if (composition.sizeBytes === sizeBytes) {
    for await (const chunk of composition.read(0, sizeBytes)) hash.update(chunk);
  }
  const found = `sha256:${hash.digest("hex")}`;
  if (found === blob.digest) return;
  throw refuse("image-invalid", `the layers give ${composition.sizeBytes} bytes of ${found}, not ${blob.digest}`);
}
