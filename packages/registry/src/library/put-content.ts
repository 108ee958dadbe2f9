import { discardBody, headerOf, retry } from "@repo2singularity/base/http";
import { statusError } from "../http/errors.ts";
import type { UploadSource } from "../push/upload-source.ts";
import type { RemoteAccess } from "../remote/remote-access.ts";
import type { LibraryApi } from "./library-api.ts";

/** The server hashes what it got before it answers. */
export const storingMs = 600_000;

/**
 * Puts bytes to an address that the library gave: without its token, which storage must not see.
 * @returns the entity tag of the answer, empty when there is none
 */
export async function putContent(
  url: string,
  content: { readonly source: UploadSource; readonly start: number; readonly end: number; readonly sha256sum?: string },
  { transport, retryPolicy, signal }: RemoteAccess,
): Promise<string> {
  const { source, start, end, sha256sum } = content;
  const isSigned = /x-amz-content-sha256/i.test(new URL(url).searchParams.get("X-Amz-SignedHeaders") ?? "");
  const call = async (): Promise<string> => {
    const answer = await transport.ask(url, {
      method: "PUT",
      headers: {
        "content-length": String(end - start),
        "content-type": "application/octet-stream",
        ...(isSigned && sha256sum !== undefined && { "x-amz-content-sha256": sha256sum }),
      },
      body: () => source.read(start, end),
      idleTimeoutMs: storingMs,
      signal,
    });
    if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
    discardBody(answer);
    return headerOf(answer, "etag") ?? "";
  };
  return retry(call, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
}

/** Tells a library that everything has been sent. */
export async function completeUpload(api: LibraryApi, path: string, body: object): Promise<void> {
  const answer = await api.ask(path, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    idleTimeoutMs: storingMs,
  });
  if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
  discardBody(answer);
}
