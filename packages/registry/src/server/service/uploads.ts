import { createHash } from "node:crypto";
import type { ObjectUpload } from "@repo2singularity/store/objects";
import type { RegistryContext } from "./context.ts";
import { checkDigest, hashing, keepBlob } from "./keep-blob.ts";
import { algorithmOf, type BlobDigest } from "./names.ts";
import type { OpenRepository } from "./open-repository.ts";
import { withinQuota } from "./quota.ts";
import { refuse } from "./refusal.ts";

/** Bytes for an upload. */
export interface UploadPiece {
  readonly content: AsyncIterable<Uint8Array>;
  /** Where the piece begins, in bytes, when the client said so: it must be where the upload ends. */
  readonly start?: number;
  /** How long it is, when the client said so. */
  readonly sizeBytes?: number;
  readonly signal?: AbortSignal;
}

/** Begins an upload. @returns its id, which cannot be guessed */
export async function startUpload(context: RegistryContext, repository: OpenRepository<"push">): Promise<string> {
  const id = context.makeId();
  const { id: objectId } = await context.objects.startUpload(objectName(id));
  const account = repository.identity.kind === "account" ? repository.identity.accountId : null;
  await context.state.db
    .insertInto("upload")
    .values({ id, repository_id: repository.id, object_id: objectId, account_id: account, touched_ms: context.now() })
    .execute();
  return id;
}

/** How many bytes of an upload are there. @throws upload-unknown */
export async function uploadedBytes(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  id: string,
): Promise<number> {
  return (await resume(context, repository, id)).sizeBytes;
}

/**
 * Adds bytes at the end of an upload. When the connection breaks, what came of them is kept.
 * @returns how many bytes are there now
 * @throws upload-unknown, upload-busy, range-invalid, size-invalid, quota-full
 */
export async function appendToUpload(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  id: string,
  piece: UploadPiece,
): Promise<number> {
  using _writing = context.uploads.enter(id);
  return await append(context, repository, id, await resume(context, repository, id), piece);
}

/**
 * Ends an upload: checks its digest and makes a blob of it. With another digest nothing of it stays.
 * @param last bytes that come with the request
 * @returns the size of the blob in bytes
 * @throws digest-invalid, upload-unknown, upload-busy, range-invalid, size-invalid, quota-full
 */
export async function finishUpload(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  id: string,
  digest: BlobDigest,
  last: UploadPiece,
): Promise<number> {
  using _writing = context.uploads.enter(id);
  const upload = await resume(context, repository, id);
  const sizeBytes = await append(context, repository, id, upload, last);
  const hash = algorithmOf(digest) === "sha256" ? context.uploads.take(id, sizeBytes) : undefined;
  try {
    if (hash !== undefined) checkDigest(digest, hash);
    await upload.finish();
    if (hash === undefined) await checkStored(context, objectName(id), digest);
    await keepBlob(
      context,
      repository,
      { digest, sizeBytes },
      { arrive: (to) => context.objects.move(objectName(id), to), discard: async () => {} },
    );
    return sizeBytes;
  } finally {
    await forget(context, id, upload);
  }
}

/** Gives an upload up. @throws upload-unknown, upload-busy */
export async function cancelUpload(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  id: string,
): Promise<void> {
  using _writing = context.uploads.enter(id);
  await forget(context, id, await resume(context, repository, id));
}

async function resume(context: RegistryContext, repository: OpenRepository<"push">, id: string): Promise<ObjectUpload> {
  const row = await context.state.db
    .selectFrom("upload")
    .select("object_id")
    .where("id", "=", id)
    .where("repository_id", "=", repository.id)
    .executeTakeFirst();
  const upload = row && (await context.objects.resumeUpload(objectName(id), row.object_id));
  if (upload === undefined) throw refuse("upload-unknown", `${repository.name} has no upload ${id}`);
  return upload;
}

async function append(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  id: string,
  upload: ObjectUpload,
  piece: UploadPiece,
): Promise<number> {
  const before = upload.sizeBytes;
  if (piece.start !== undefined && piece.start !== before) {
    throw refuse("range-invalid", `the upload has ${before} bytes, so the next piece begins at ${before}`);
  }
  const limited = await withinQuota(context, repository, piece.content, piece.sizeBytes, before);
  const hash = context.uploads.take(id, before);
  const content = hash === undefined ? limited : hashing(limited, hash);
  const sizeBytes = await upload.append(content, { signal: piece.signal });
  // not reached when the content broke off: the hash, which may be ahead of what is stored, is dropped then
  if (hash !== undefined) context.uploads.keep(id, hash, sizeBytes);
  await context.state.db.updateTable("upload").set({ touched_ms: context.now() }).where("id", "=", id).execute();
  if (piece.sizeBytes !== undefined && sizeBytes - before !== piece.sizeBytes) {
    throw refuse("size-invalid", `${piece.sizeBytes} bytes were announced, ${sizeBytes - before} came`);
  }
  return sizeBytes;
}

async function checkStored({ objects }: RegistryContext, name: string, digest: BlobDigest): Promise<void> {
  const hash = createHash(algorithmOf(digest));
  const stored = await objects.read(name);
  if (stored === undefined) throw refuse("upload-unknown", "the bytes of the upload are gone");
  for await (const chunk of stored) hash.update(chunk as Uint8Array); // a byte stream's chunks
  checkDigest(digest, hash);
}

async function forget(context: RegistryContext, id: string, upload: ObjectUpload): Promise<void> {
  await context.state.db.deleteFrom("upload").where("id", "=", id).execute();
  await upload.abort();
  await context.objects.remove(objectName(id));
}

function objectName(id: string): string {
  return `uploads/${id}`;
}
