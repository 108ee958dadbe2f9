import { listKeys, type ListedUpload, listUploads } from "./list-objects.ts";
import { abortMultipart, listParts } from "./multipart.ts";
import { removeKey } from "./remove-key.ts";
import type { S3Client } from "./s3-client.ts";
import { restFolder, restsPrefix } from "./s3-upload.ts";

/**
 * Gives up the uploads below a prefix that nobody has touched since a day, and removes the rests that were left.
 * An upload was touched when it began, when a part came, or when its rest was written.
 * Memory: a name for each upload under way.
 * @returns how many uploads there were
 */
export async function removeStaleS3Uploads(
  client: S3Client,
  prefix: string,
  untouchedSince: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  const touched = new Set<string>();
  for await (const { key, modified } of listKeys(client, restsPrefix(prefix), signal)) {
    if (modified >= untouchedSince) touched.add(key.slice(0, key.lastIndexOf("/") + 1));
    else await removeKey(client, key, signal);
  }
  let count = 0;
  for await (const upload of listUploads(client, prefix, signal)) {
    if (upload.begun >= untouchedSince || touched.has(restFolder(prefix, upload))) continue;
    if (await hasFreshPart(client, upload, untouchedSince, signal)) continue;
    await abortMultipart(client, upload);
    count += 1;
  }
  return count;
}

async function hasFreshPart(
  client: S3Client,
  upload: ListedUpload,
  since: Date,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const parts = await listParts(client, upload, signal);
  return parts?.some(({ modified }) => modified >= since) ?? true;
}
