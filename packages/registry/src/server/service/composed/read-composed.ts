import type { Composition, RandomAccess } from "@repo2singularity/image";
import type { ByteRange } from "@repo2singularity/store/objects";
import { composeExtents, unpackExtents } from "../../../layered/extents-blob.ts";
import type { RegistryContext } from "../context.ts";
import type { BlobDigest } from "../names.ts";
import { refuse } from "../refusal.ts";
import { blobAccess } from "./blob-access.ts";

/** A blob that is not stored: a list of extents over others. */
export interface ComposedBlob {
  readonly digest: BlobDigest;
  readonly extents: BlobDigest;
  /** Bottom first. */
  readonly layers: readonly BlobDigest[];
}

/** A blob that is being read; the layers are open. */
export interface OpenComposedBlob extends AsyncDisposable {
  readonly composition: Composition;
}

/** More than this of an unpacked list is no image's. */
const extentsLimitBytes = 128 * 2 ** 20;

/** @returns undefined for blobs that are stored as such */
export async function findComposed({ state }: RegistryContext, digest: BlobDigest): Promise<ComposedBlob | undefined> {
  const row = await state.db.selectFrom("composed_blob").selectAll().where("digest", "=", digest).executeTakeFirst();
  if (row === undefined) return undefined;
  // only `composeBlob` writes these rows
  return { digest, extents: row.extents as BlobDigest, layers: JSON.parse(row.layers) as BlobDigest[] };
}

/** The bytes of a composed blob, or of a range of it; its layers are closed at the end. */
export async function* readComposed(
  context: RegistryContext,
  blob: ComposedBlob,
  range?: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using open = await openComposed(context, blob);
  const { composition } = open;
  const { start, end } = range ?? { start: 0, end: composition.sizeBytes };
  // a response may keep chunks while it waits for its client, and a composition fills them anew
  for await (const chunk of composition.read(start, end - start)) yield Uint8Array.from(chunk);
}

/** Opens the layers of a composed blob. @throws E_OCI_INVALID when its list of extents is none of them */
export async function openComposed(context: RegistryContext, blob: ComposedBlob): Promise<OpenComposedBlob> {
  const list = await context.extents.get(blob.extents, () => loadExtents(context, blob.extents));
  await using open = new AsyncDisposableStack();
  const layers: RandomAccess[] = [];
  const sizes = await sizesOf(context, blob.layers);
  for (const digest of blob.layers) {
    layers.push(open.use(blobAccess(context.objects, { digest, sizeBytes: sizes.get(digest) ?? 0 })));
  }
  const composition = composeExtents(list, layers, blob.digest);
  const kept = open.move();
  return { composition, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function loadExtents(context: RegistryContext, digest: BlobDigest): Promise<Uint8Array> {
  const sizeBytes = (await sizesOf(context, [digest])).get(digest) ?? 0;
  if (sizeBytes > extentsLimitBytes)
    throw refuse("image-invalid", `${digest}: a list of extents of ${sizeBytes} bytes`);
  await using access = blobAccess(context.objects, { digest, sizeBytes });
  const packed = Buffer.alloc(access.sizeBytes);
  await access.readInto(packed, 0);
  return await unpackExtents(packed, digest);
}

async function sizesOf(
  { state }: RegistryContext,
  digests: readonly BlobDigest[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await state.db
    .selectFrom("blob")
    .select(["digest", "size_bytes"])
    .where("digest", "in", digests)
    .execute();
  return new Map(rows.map((row) => [row.digest, row.size_bytes]));
}
