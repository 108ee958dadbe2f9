import { AppError, type Digest } from "@repo2singularity/base";
import { discardBody, headerOf, retry, type HttpAnswer } from "@repo2singularity/base/http";
import { networkError, statusError } from "../http/errors.ts";
import { manifestMediaTypes } from "../oci/documents.ts";
import { readVerified, verifyStream } from "../oci/verify-stream.ts";
import { rangeQuestion, readHttpBytes } from "../remote/http-bytes.ts";
import type { RemoteBytes, RemoteRange } from "../remote/remote-image.ts";
import { createRepositoryHttp, type RepositoryOptions } from "./repository-http.ts";

/** A document as its registry gave it. */
export interface FetchedManifest {
  readonly bytes: Uint8Array;
  /** Of the bytes; checked when it was asked for by digest. */
  readonly mediaType: string;
}

/** Reads from one repository of one registry. Source: OCI distribution specification 1.1, "Pull". */
export interface RegistryClient {
  /** A manifest or index, at most 4 MiB. @param reference a tag or a digest */
  manifest(reference: string, signal?: AbortSignal): Promise<FetchedManifest>;
  /**
   * Streams a blob with its size and digest checked. A broken connection is taken up again where it broke.
   * Memory: the chunk in hand.
   */
  blob(digest: Digest, sizeBytes: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Asks once for a range of a blob, unchecked. */
  openBlob(digest: Digest, range: RemoteRange, signal?: AbortSignal): Promise<RemoteBytes>;
}

const manifestLimitBytes = 4 * 2 ** 20;
const accept = [...manifestMediaTypes.manifests, ...manifestMediaTypes.indexes].join(", ");

/** Creates the client of a repository; it holds nothing but tokens. */
export function createRegistryClient(options: RepositoryOptions): RegistryClient {
  const { root, ask } = createRepositoryHttp(options);
  const policy = options.retryPolicy === undefined ? {} : { policy: options.retryPolicy };

  const get = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> => {
    const answer = await ask(path, { headers, signal });
    if (answer.statusCode !== 200 && answer.statusCode !== 206) throw await statusError(answer);
    return answer;
  };

  return {
    manifest: (reference, signal) =>
      retry(async () => readManifest(await get(`manifests/${reference}`, { accept }, signal), reference), {
        ...policy,
        signal,
      }),
    openBlob: async (digest, range, signal) =>
      readHttpBytes(await ask(`blobs/${digest}`, { ...rangeQuestion(range), signal }), range),
    blob: (digest, sizeBytes, signal) => {
      const open = (offset: number): Promise<HttpAnswer> =>
        retry(() => get(`blobs/${digest}`, offset === 0 ? {} : { range: `bytes=${offset}-` }, signal), {
          ...policy,
          signal,
        });
      const attemptCount = options.retryPolicy?.attemptCount ?? 4;
      return verifyStream(readResuming(open, sizeBytes, attemptCount), {
        what: `${root}/blobs/${digest}`,
        digest,
        sizeBytes,
      });
    },
  };
}

async function readManifest(answer: HttpAnswer, reference: string): Promise<FetchedManifest> {
  const digest = reference.startsWith("sha256:") ? (reference as Digest) : undefined; // callers pass parsed references
  const expected = { what: answer.shownUrl, digest, sizeBytes: undefined, limitBytes: manifestLimitBytes };
  const bytes = await readVerified(bodyOf(answer), expected);
  return { bytes, mediaType: headerOf(answer, "content-type") ?? "" };
}

/** Network errors of a body as coded ones. */
async function* bodyOf(answer: HttpAnswer): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* answer.body as AsyncIterable<Uint8Array>; // a body without an encoding gives bytes
  } catch (error) {
    throw networkError(error, answer.shownUrl);
  }
}

/** A body that begins again behind what was read when its connection breaks, `attemptCount` times without progress. */
async function* readResuming(
  open: (offset: number) => Promise<HttpAnswer>,
  sizeBytes: number,
  attemptCount: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  let failureCount = 0;
  for (;;) {
    const answer = await open(offset);
    // a server without ranges begins at the front again
    let skipBytes = answer.statusCode === 206 ? 0 : offset;
    try {
      for await (const chunk of bodyOf(answer)) {
        const fresh = chunk.subarray(Math.min(skipBytes, chunk.length));
        skipBytes -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        offset += fresh.length;
        failureCount = 0;
        yield fresh;
      }
      if (offset >= sizeBytes) return;
      throw new AppError("E_REGISTRY_NETWORK", `${answer.shownUrl}: ended after ${offset} of ${sizeBytes} bytes`, {
        retryable: true,
      });
    } catch (error) {
      failureCount += 1;
      const isRetryable = error instanceof AppError && error.retryable;
      if (!isRetryable || failureCount >= attemptCount || offset >= sizeBytes) throw error;
    } finally {
      discardBody(answer);
    }
  }
}
