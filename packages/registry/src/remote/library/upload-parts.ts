import { createHash } from "node:crypto";
import * as z from "zod";
import { discardBody } from "@repo2singularity/base/http";
import type { UploadSource } from "../../push/upload-source.ts";
import { apiPath, type LibraryApi } from "./library-api.ts";
import { completeUpload, putContent } from "./put-content.ts";
import type { LibraryUpload, LibraryUploadOptions } from "./library-upload.ts";

const concurrentParts = 4;

const Multipart = z.object({
  uploadID: z.string(),
  totalParts: z.number().int().positive().max(10_000),
  partSize: z.number().int().positive(),
  options: z.record(z.string(), z.string()).nullish(),
});
const PartUrl = z.object({ presignedURL: z.string() });

/**
 * Sends a large file to a library in parts, several at the same time.
 * @returns false when the library knows no parts
 * @throws E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL; the library is told that nothing more comes
 */
export async function uploadInParts(
  api: LibraryApi,
  { id, source }: LibraryUpload,
  options: LibraryUploadOptions,
): Promise<boolean> {
  const at = apiPath("/v2/imagefile", id);
  const answer = await api.ask(`${at}/_multipart`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ filesize: source.sizeBytes }),
  });
  if (answer.statusCode === 404) {
    discardBody(answer);
    return false;
  }
  const plan = await api.read(answer, Multipart);
  const { uploadID } = plan;
  try {
    const tokens = await sendParts(api, at, { source, plan }, options);
    const completedParts = tokens.map((token, index) => ({ partNumber: index + 1, token }));
    await completeUpload(api, `${at}/_multipart_complete`, { uploadID, completedParts });
    return true;
  } catch (error) {
    // best effort, and also after an abort: the library would keep the parts
    await api
      .ask(`${at}/_multipart_abort`, {
        method: "PUT",
        body: JSON.stringify({ uploadID }),
        signal: AbortSignal.timeout(5000),
      })
      .then(discardBody, () => {});
    throw error;
  }
}

/** @returns what the storage said of each part, in their order */
async function sendParts(
  api: LibraryApi,
  at: string,
  { source, plan }: { readonly source: UploadSource; readonly plan: z.infer<typeof Multipart> },
  options: LibraryUploadOptions,
): Promise<readonly string[]> {
  const { uploadID, totalParts, partSize } = plan;
  const withSums = plan.options?.["s3compliant"] !== "false";
  const tokens: string[] = Array.from({ length: totalParts }, () => "");
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  let next = 0;
  let doneBytes = 0;
  const sendNext = async (): Promise<void> => {
    for (let index = next++; index < totalParts; index = next++) {
      const start = index * partSize;
      const end = index === totalParts - 1 ? source.sizeBytes : Math.min(source.sizeBytes, start + partSize);
      const sha256sum = withSums ? await sumOf(source, start, end) : "";
      const part = { partSize: end - start, uploadID, partNumber: index + 1, sha256sum };
      const { presignedURL } = await api.send("PUT", `${at}/_multipart`, part, PartUrl);
      const headers = withSums ? { "x-amz-content-sha256": sha256sum } : {};
      tokens[index] = await putContent(presignedURL, { source, start, end, headers }, { ...options, signal });
      doneBytes += end - start;
      options.onProgress?.(doneBytes, source.sizeBytes);
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(concurrentParts, totalParts) }, () =>
      sendNext().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  if (ends.some(({ status }) => status === "rejected")) throw failed.signal.reason;
  return tokens;
}

async function sumOf(source: UploadSource, start: number, end: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of source.read(start, end)) hash.update(chunk);
  return hash.digest("hex");
}
