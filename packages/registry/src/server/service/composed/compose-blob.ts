import { createHash } from "node:crypto";
import type { LayersArtifact } from "../../../layered/layers-artifact.ts";
import { linkBlob } from "../blobs.ts";
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
 * The repository must have them. Its bytes are made once, to compare their digest.
 * @throws image-invalid when the layers do not give the image that the artifact promises
 */
export async function composeBlob(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  { image, extents, layers }: LayersArtifact,
): Promise<void> {
  const { state, now } = context;
  const known = await state.db
    .selectFrom("blob")
    .select("is_present")
    .where("digest", "=", image.digest)
    .executeTakeFirst();
  if (known?.is_present !== 1) {
    const blob = { digest: image.digest, extents: extents.digest, layers: layers.map(({ digest }) => digest) };
    await checkImage(context, blob, image.sizeBytes);
    await state.db.transaction().execute(async (db) => {
      await db
        .insertInto("blob")
        .values({ digest: image.digest, size_bytes: image.sizeBytes, touched_ms: now(), is_present: 1 })
        .onConflict((conflict) => conflict.column("digest").doUpdateSet({ touched_ms: now(), is_present: 1 }))
        .execute();
      await db
        .insertInto("composed_blob")
        .values({ digest: blob.digest, extents: blob.extents, layers: JSON.stringify(blob.layers) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
  }
  await linkBlob(context, repository, image.digest);
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
