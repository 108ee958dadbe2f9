import { AppError } from "@repo2singularity/base";
import { discardBody, headerOf } from "@repo2singularity/base/http";
import { isSuccess, type S3Client } from "./s3-client.ts";
import { completeUploadXml, xmlElements, xmlText } from "./s3-xml.ts";

/** An upload in parts that the storage knows, and that nobody sees before it is completed. */
export interface Multipart {
  readonly key: string;
  readonly uploadId: string;
}

/** A part that the storage has. */
export interface KnownPart {
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modified: Date;
}

/** Begins an upload in parts. */
export async function createMultipart(
  client: S3Client,
  key: string,
  contentType: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Multipart> {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const xml = await client.askText({ method: "POST", key, query: { uploads: "" }, headers, signal });
  const uploadId = xmlText(xml, "UploadId");
  if (uploadId !== undefined) return { key, uploadId };
  throw new AppError("E_STORAGE_PROTOCOL", `${key}: the object storage began an upload and gave it no name`);
}

/** Sends a part. @returns the tag by which it is named in the end */
export async function sendPart(
  client: S3Client,
  { key, uploadId }: Multipart,
  number: number,
  body: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  const result = await client.ask({ method: "PUT", key, query, body, signal });
  if (!isSuccess(result)) throw new AppError("E_INTERNAL", `${key}: a failure that nobody expects came back`);
  discardBody(result.answer);
  const etag = headerOf(result.answer, "etag");
  if (etag !== undefined) return etag;
  throw new AppError(
    "E_STORAGE_PROTOCOL",
    `${result.answer.shownUrl}: the object storage took a part and gave it no tag`,
  );
}

/** The parts that the storage has, from the first on without a gap; undefined when there is no such upload. */
export async function listParts(
  client: S3Client,
  { key, uploadId }: Multipart,
  signal: AbortSignal | undefined,
): Promise<readonly KnownPart[] | undefined> {
  const parts: KnownPart[] = [];
  for (;;) {
    const query = { uploadId, "part-number-marker": String(parts.length) };
    const xml = await client.askText({ method: "GET", key, query, signal }).catch((error: unknown) => noUpload(error));
    if (xml === undefined) return undefined;
    const page = xmlElements(xml, "Part");
    for (const part of page) {
      if (Number(xmlText(part, "PartNumber")) !== parts.length + 1) return parts;
      const modified = new Date(xmlText(part, "LastModified") ?? 0);
      parts.push({ etag: xmlText(part, "ETag") ?? "", sizeBytes: Number(xmlText(part, "Size")), modified });
    }
    if (page.length === 0 || xmlText(xml, "IsTruncated") !== "true") return parts;
  }
}

/** Makes the parts one object. @param etags of all parts in order, at least one */
export async function completeMultipart(
  client: S3Client,
  { key, uploadId }: Multipart,
  etags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await client.askText({ method: "POST", key, query: { uploadId }, body: completeUploadXml(etags), signal });
}

/** Forgets the parts; that there are none is no error. */
export async function abortMultipart(client: S3Client, { key, uploadId }: Multipart): Promise<void> {
  const result = await client.ask({ method: "DELETE", key, query: { uploadId } }, ["NoSuchUpload", 404]);
  if (isSuccess(result)) discardBody(result.answer);
}

/** Uploads are named by who asks: a name that the storage cannot even read is none of its own. */
function noUpload(error: unknown): undefined {
  const code = error instanceof AppError ? error.data?.["code"] : undefined;
  if (code === "NoSuchUpload" || code === "NoSuchKey" || code === "InvalidArgument") return undefined;
  throw error;
}
