import { abortMultipart, completeMultipart, createMultipart } from "./multipart.ts";
import type { S3Client } from "./s3-client.ts";
import { xmlText } from "./s3-xml.ts";

/** Amazon copies no more in one request. */
export const copyLimitBytes: number = 5 * 2 ** 30;

/** What is copied, and how much at once. */
export interface CopyRequest {
  readonly bucket: string;
  readonly from: string;
  readonly to: string;
  readonly sizeBytes: number;
  /** What is longer is copied in parts of that length, in bytes, at least 5 MiB. */
  readonly limitBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Copies an object inside the storage; the new one appears whole. */
export async function copyObject(client: S3Client, request: CopyRequest): Promise<void> {
  const { bucket, from, to, sizeBytes, limitBytes, signal } = request;
  const source = { "x-amz-copy-source": [bucket, ...from.split("/")].map(encodeURIComponent).join("/") };
  if (sizeBytes <= limitBytes) {
    await client.askText({ method: "PUT", key: to, headers: source, signal });
    return;
  }
  const multipart = await createMultipart(client, to, undefined, signal);
  try {
    const etags: string[] = [];
    for (let start = 0; start < sizeBytes; start += limitBytes) {
      const range = `bytes=${start}-${Math.min(start + limitBytes, sizeBytes) - 1}`;
      const query = { partNumber: String(etags.length + 1), uploadId: multipart.uploadId };
      const headers = { ...source, "x-amz-copy-source-range": range };
      etags.push(xmlText(await client.askText({ method: "PUT", key: to, query, headers, signal }), "ETag") ?? "");
    }
    await completeMultipart(client, multipart, etags, signal);
  } catch (error) {
    await abortMultipart(client, multipart).catch(() => {});
    throw error;
  }
}
