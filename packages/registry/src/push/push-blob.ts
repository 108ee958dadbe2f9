import { AppError, isAppError } from "@repo2singularity/base";
import { discardBody, headerOf, retry, type HttpAnswer, type RetryPolicy } from "@repo2singularity/base/http";
import type { RepositoryHttp } from "../client/repository-http.ts";
import { statusError } from "../http/errors.ts";
import type { UploadSource } from "./upload-source.ts";

/** How a blob is pushed. */
export interface PushBlobOptions {
  /** Another repository of the registry that may have it, so that nothing needs to be sent. */
  readonly mountFrom?: string;
  /** At most so many bytes in one request; all in one when left out, as long as no proxy refuses that. */
  readonly chunkBytes?: number;
  readonly retryPolicy?: RetryPolicy;
  /** Called with the bytes that the registry has. */
  readonly onProgress?: (doneBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a blob: sent, or there already, here or in the other repository. */
export type PushedBlob = "sent" | "present" | "mounted";

/** The registry hashes and stores what it got before it answers. */
const storingMs = 600_000;
/** When one request for everything is refused: less than any proxy allows that allows anything. */
const smallChunkBytes = 4 * 2 ** 20;

/**
 * Brings a blob into a repository. An upload that breaks off goes on where the registry says that it stands.
 * Memory: two chunks of the source. The registry checks the digest.
 * Source: OCI distribution specification 1.1, "Push"
 * @throws E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL
 */
export async function pushBlob(
  http: RepositoryHttp,
  source: UploadSource,
  options: PushBlobOptions = {},
): Promise<PushedBlob> {
  const again = <Result>(call: () => Promise<Result>): Promise<Result> =>
    retry(call, { signal: options.signal, ...(options.retryPolicy && { policy: options.retryPolicy }) });
  if (await again(() => hasBlob(http, source, options))) return "present";
  const started = await again(() => startUpload(http, source, options));
  if (started === undefined) return "mounted";
  const state: UploadState = { location: started, doneBytes: 0, chunkBytes: options.chunkBytes, isLost: false };
  await again(async () => {
    if (state.isLost) {
      await findPosition(http, source, state, options);
      // proxies with a limit often cut the connection before they answer 413
      if (state.doneBytes === 0) state.chunkBytes ??= smallChunkBytes;
    }
    state.isLost = true; // until this try has come through
    while (state.doneBytes < source.sizeBytes) await sendChunk(http, source, state, options);
    await finishUpload(http, source, state, options);
  });
  return "sent";
}

interface UploadState {
  /** Where the next request goes; every answer may name another. */
  location: string;
  doneBytes: number;
  chunkBytes: number | undefined;
  /** Whether only the registry knows how far it is. */
  isLost: boolean;
}

async function hasBlob(http: RepositoryHttp, { digest }: UploadSource, { signal }: PushBlobOptions): Promise<boolean> {
  const answer = await http.ask(`blobs/${digest}`, { method: "HEAD", signal });
  if (answer.statusCode >= 500 || answer.statusCode === 429) throw await statusError(answer);
  discardBody(answer);
  return answer.statusCode === 200;
}

/** @returns the address of the upload; undefined when the blob was mounted */
async function startUpload(
  http: RepositoryHttp,
  { digest }: UploadSource,
  { mountFrom, signal }: PushBlobOptions,
): Promise<string | undefined> {
  const query = mountFrom === undefined ? "" : `?${new URLSearchParams({ mount: digest, from: mountFrom }).toString()}`;
  const answer = await http.ask(`blobs/uploads/${query}`, {
    method: "POST",
    headers: { "content-length": "0" },
    signal,
  });
  if (answer.statusCode !== 201 && answer.statusCode !== 202) throw await statusError(answer);
  discardBody(answer);
  return answer.statusCode === 201 ? undefined : locationOf(answer, `${http.root}/`);
}

async function sendChunk(
  http: RepositoryHttp,
  source: UploadSource,
  state: UploadState,
  options: PushBlobOptions,
): Promise<void> {
  const start = state.doneBytes;
  const end = Math.min(source.sizeBytes, start + (state.chunkBytes ?? source.sizeBytes));
  const isWhole = start === 0 && end === source.sizeBytes;
  const answer = await http.ask(state.location, {
    method: "PATCH",
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(end - start),
      ...(!isWhole && { "content-range": `${start}-${end - 1}` }),
    },
    body: () => source.read(start, end),
    isBulk: true,
    idleTimeoutMs: storingMs,
    signal: options.signal,
  });
  if (answer.statusCode === 413 && end - start > smallChunkBytes) {
    discardBody(answer); // a proxy between us and the registry has a limit
    state.chunkBytes = smallChunkBytes;
    throw new AppError("E_REGISTRY_NETWORK", `${answer.shownUrl}: refuses ${end - start} bytes at once`, {
      retryable: true,
    });
  }
  if (![200, 201, 202, 204].includes(answer.statusCode)) throw await statusError(answer);
  discardBody(answer);
  state.location = locationOf(answer, state.location);
  state.doneBytes = end;
  options.onProgress?.(end);
}

/** Asks how far a broken upload is; begins a new one when the registry has forgotten it. */
async function findPosition(
  http: RepositoryHttp,
  source: UploadSource,
  state: UploadState,
  options: PushBlobOptions,
): Promise<void> {
  const answer = await http.ask(state.location, { signal: options.signal });
  const end = /^(?:bytes=)?0-(\d+)$/.exec(headerOf(answer, "range") ?? "")?.[1];
  const isKnown = answer.statusCode === 204 || answer.statusCode === 202 || answer.statusCode === 200;
  if (answer.statusCode >= 500 || answer.statusCode === 429) throw await statusError(answer);
  discardBody(answer);
  if (isKnown && end !== undefined) {
    state.location = locationOf(answer, state.location);
    // an empty upload is told as 0-0 by many, which may also be one byte: it is sent again then
    const doneBytes = end === "0" ? 0 : Number(end) + 1;
    state.doneBytes = Math.min(doneBytes, source.sizeBytes);
    return;
  }
  const location = await startUpload(http, source, { signal: options.signal });
  if (location === undefined) throw new AppError("E_REGISTRY_PROTOCOL", `${http.root}: mounted what was not asked for`);
  state.location = location;
  state.doneBytes = 0;
}

async function finishUpload(
  http: RepositoryHttp,
  source: UploadSource,
  state: UploadState,
  { signal }: PushBlobOptions,
): Promise<void> {
  const url = new URL(state.location);
  url.searchParams.set("digest", source.digest);
  const headers = { "content-length": "0", "content-type": "application/octet-stream" };
  const answer = await http.ask(url.toString(), { method: "PUT", headers, idleTimeoutMs: storingMs, signal });
  if (answer.statusCode === 201 || answer.statusCode === 204) return discardBody(answer);
  const error = await statusError(answer);
  // an answer that got lost may have been the one that said yes
  if (isAppError(error, "E_REGISTRY_NOT_FOUND") && (await hasBlob(http, source, { signal }))) return;
  throw error;
}

function locationOf(answer: HttpAnswer, base: string): string {
  const location = headerOf(answer, "location") ?? "";
  if (URL.canParse(location, base)) return new URL(location, base).toString();
  throw new AppError("E_REGISTRY_PROTOCOL", `${answer.shownUrl}: names no address for the upload, but "${location}"`);
}
