import type { Identity } from "../policy/identity.ts";
import { findBlob } from "./blobs.ts";
import type { RegistryContext } from "./context.ts";
import { type BlobDigest, parseDigest } from "./names.ts";
import { type OpenRepository, reopenForPush } from "./open-repository.ts";
import { takeWholeBlob } from "./keep-blob.ts";
import { refuse } from "./refusal.ts";
import { appendToUpload, cancelUpload, finishUpload, startUpload } from "./uploads.ts";

/** An image that may be sent to an address which only its sender knows. */
export interface ImageUpload {
  /** Secret part of the address. */
  readonly id: string;
  readonly repository: OpenRepository<"push">;
  readonly digest: BlobDigest;
  readonly sizeBytes: number;
  /** Of every part but the last, in bytes; undefined when it comes as a whole. */
  readonly partBytes: number | undefined;
  /** The upload that parts are added to. */
  readonly uploadId: string | undefined;
}

const lifeMs = 24 * 3_600_000;
/** Parts of this size or more, so many that they need not be counted in more than four digits. */
const leastPartBytes = 64 * 2 ** 20;
const mostParts = 10_000;

/** Makes an address that works for a day, for one image as a whole or in parts. */
export async function startImageUpload(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  image: { readonly digest: BlobDigest; readonly sizeBytes: number; readonly isInParts: boolean },
): Promise<ImageUpload> {
  const id = context.makeId() + context.makeId();
  const uploadId = image.isInParts ? await startUpload(context, repository) : undefined;
  const partBytes = image.isInParts
    ? Math.max(leastPartBytes, Math.ceil(image.sizeBytes / mostParts / 2 ** 20) * 2 ** 20)
    : undefined;
  await context.state.db
    .insertInto("image_upload")
    .values({
      id,
      repository_id: repository.id,
      digest: image.digest,
      size_bytes: image.sizeBytes,
      part_bytes: partBytes ?? null,
      object_id: uploadId ?? null,
      account_id: repository.identity.kind === "account" ? repository.identity.accountId : null,
      expires_ms: context.now() + lifeMs,
      is_whole: 0,
    })
    .execute();
  return { id, repository, digest: image.digest, sizeBytes: image.sizeBytes, partBytes, uploadId };
}

/** @throws upload-unknown when the address is wrong, used or too old */
export async function getImageUpload(context: RegistryContext, identity: Identity, id: string): Promise<ImageUpload> {
  const row = await context.state.db
    .selectFrom("image_upload")
    .selectAll()
    .where("id", "=", id)
    .where("is_whole", "=", 0)
    .where("expires_ms", ">", context.now())
    .executeTakeFirst();
  const repository = row && (await reopenForPush(context, row.repository_id, identity));
  if (row === undefined || repository === undefined) {
    throw refuse("upload-unknown", "the address for this upload was used or is too old: push again");
  }
  return {
    id,
    repository,
    digest: parseDigest(row.digest),
    sizeBytes: row.size_bytes,
    partBytes: row.part_bytes ?? undefined,
    uploadId: row.object_id ?? undefined,
  };
}

/** Takes the image as a whole; the address works no more then. @throws digest-invalid, size-invalid, quota-full */
export async function takeWholeImage(
  context: RegistryContext,
  upload: ImageUpload,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  await takeWholeBlob(context, upload.repository, upload, content);
  await endUpload(context, upload.id);
}

/**
 * Takes one part. Parts come in order; one that is sent again, because its connection broke, goes on where it broke.
 * @param number from 1
 * @throws upload-invalid for one that is not next; quota-full
 */
export async function takeImagePart(
  context: RegistryContext,
  upload: ImageUpload,
  number: number,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { repository, partBytes, uploadId, sizeBytes } = upload;
  if (partBytes === undefined || uploadId === undefined) throw refuse("upload-invalid", "the image comes as a whole");
  const start = (number - 1) * partBytes;
  const end = Math.min(start + partBytes, sizeBytes);
  const none = { content: emptyContent() };
  const hereBytes = await appendToUpload(context, repository, uploadId, none);
  if (start >= sizeBytes || hereBytes < start) {
    throw refuse("upload-invalid", `part ${number} is not next: ${hereBytes} of ${sizeBytes} bytes are here`);
  }
  const skipBytes = Math.min(hereBytes, end) - start;
  const limited = window(content, skipBytes, end - start);
  const nowBytes = await appendToUpload(context, repository, uploadId, { content: limited, start: hereBytes });
  if (nowBytes < end) throw refuse("size-invalid", `part ${number} ends at byte ${nowBytes}, expected ${end}`);
}

/** Ends an image that came in parts. @throws digest-invalid, size-invalid */
export async function finishImageParts(context: RegistryContext, upload: ImageUpload): Promise<void> {
  const { repository, uploadId, digest, sizeBytes } = upload;
  if (uploadId === undefined) throw refuse("upload-invalid", "the image comes as a whole");
  const hereBytes = await finishUpload(context, repository, uploadId, digest, { content: emptyContent() });
  if (hereBytes !== sizeBytes) throw refuse("size-invalid", `${hereBytes} bytes came, ${sizeBytes} were announced`);
  await endUpload(context, upload.id);
}

/** Forgets an image that came in part. */
export async function dropImageUpload(context: RegistryContext, upload: ImageUpload): Promise<void> {
  await endUpload(context, upload.id);
  if (upload.uploadId !== undefined) await cancelUpload(context, upload.repository, upload.uploadId);
}

/** The size of an image whose bytes a repository has. @throws blob-unknown */
export async function sizeOfSentImage(
  context: RegistryContext,
  repository: OpenRepository<"push">,
  digest: BlobDigest,
): Promise<number> {
  const blob = await findBlob(context, repository, digest);
  if (blob === undefined) throw refuse("upload-invalid", `the bytes of ${digest} have not been sent`);
  return blob.sizeBytes;
}

async function endUpload({ state }: RegistryContext, id: string): Promise<void> {
  await state.db.deleteFrom("image_upload").where("id", "=", id).execute();
}

async function* emptyContent(): AsyncGenerator<Uint8Array, void, undefined> {}

/** Leaves out the first bytes, and everything after a number of bytes. */
async function* window(
  content: AsyncIterable<Uint8Array>,
  skipBytes: number,
  endBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  for await (const chunk of content) {
    const from = Math.max(0, skipBytes - position);
    const to = Math.min(chunk.length, endBytes - position);
    position += chunk.length;
    if (from < to) yield chunk.subarray(from, to);
    if (position > endBytes) throw refuse("size-invalid", `a part has more than its ${endBytes} bytes`);
  }
}
