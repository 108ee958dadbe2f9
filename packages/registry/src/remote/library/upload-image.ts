import * as z from "zod";
import { discardBody } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import { hashFile } from "../../push/upload-source.ts";
import { hasApiVersion } from "./api-version.ts";
import { apiPath, type LibraryApi } from "./library-api.ts";
import type { LibraryUpload, LibraryUploadOptions } from "./library-upload.ts";
import { completeUpload, putContent, storingMs } from "./put-content.ts";
import { uploadInParts } from "./upload-parts.ts";

/** Files of more are sent in parts, as the stock client does. */
const multipartBytes = 64 * 2 ** 20;

const UploadUrl = z.object({ uploadURL: z.string() });

/**
 * Sends the content of an image to a library: in parts where it is large, in one piece where it is not or the library
 * knows no parts.
 * @throws E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL
 */
export async function uploadToLibrary(
  api: LibraryApi,
  upload: LibraryUpload,
  options: LibraryUploadOptions,
): Promise<void> {
  if (!hasApiVersion(upload.version, "2.0.0-alpha.1")) return uploadOld(api, upload, options);
  if (upload.source.sizeBytes > multipartBytes && (await uploadInParts(api, upload, options))) return;
  await uploadWhole(api, upload, options);
}

/** The first version of the API takes the bytes itself. */
async function uploadOld(api: LibraryApi, upload: LibraryUpload, options: LibraryUploadOptions): Promise<void> {
  const { source, id } = upload;
  const answer = await api.ask(apiPath("/v1/imagefile", id), {
    method: "POST",
    headers: { "content-length": String(source.sizeBytes), "content-type": "application/octet-stream" },
    body: () => source.read(0, source.sizeBytes),
    isBulk: true,
    idleTimeoutMs: storingMs,
  });
  if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
  discardBody(answer);
  options.onProgress?.(source.sizeBytes, source.sizeBytes);
}

async function uploadWhole(api: LibraryApi, upload: LibraryUpload, options: LibraryUploadOptions): Promise<void> {
  const { id, path, source } = upload;
  const sha256sum = source.digest.slice("sha256:".length);
  const asked = { filesize: source.sizeBytes, md5sum: await hashFile(path, "md5", options.signal), sha256sum };
  const at = apiPath("/v2/imagefile", id);
  const { uploadURL } = await api.send("POST", at, asked, UploadUrl);
  const isSumSigned = /x-amz-content-sha256/i.test(new URL(uploadURL).searchParams.get("X-Amz-SignedHeaders") ?? "");
  const headers = {
    "content-type": "application/octet-stream",
    ...(isSumSigned && { "x-amz-content-sha256": sha256sum }),
  };
  await putContent(uploadURL, { source, start: 0, end: source.sizeBytes, headers }, options);
  options.onProgress?.(source.sizeBytes, source.sizeBytes);
  await completeUpload(api, `${at}/_complete`, {});
}
