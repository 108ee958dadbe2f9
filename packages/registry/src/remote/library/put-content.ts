import { discardBody, headerOf, retry } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import type { UploadSource } from "../../push/upload-source.ts";
import type { RemoteAccess } from "../remote-access.ts";
import type { LibraryApi } from "./library-api.ts";

/** The server hashes what it got before it answers. */
export const storingMs = 600_000;

/** A stretch of a file for one request. */
interface PutContent {
  readonly source: UploadSource;
  /** Bytes from the start of the file. */
  readonly start: number;
  /** The first byte that is not sent. */
  readonly end: number;
  /** Part of what the address was signed for, and so part of the request. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Puts bytes to an address that the library gave: without its token, which storage must not see.
 * @returns the entity tag of the answer, empty when there is none
 */
export async function putContent(
  url: string,
  { source, start, end, headers }: PutContent,
  { transport, retryPolicy, signal }: RemoteAccess,
): Promise<string> {
  const call = async (): Promise<string> => {
    const answer = await transport.ask(url, {
      method: "PUT",
      headers: { ...headers, "content-length": String(end - start) },
      body: () => source.read(start, end),
      isBulk: true,
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
