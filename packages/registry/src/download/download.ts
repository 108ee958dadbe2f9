import { retry, type RetryPolicy } from "@repo2singularity/base/http";
import type { RemoteBytes, RemoteImage, RemoteRange } from "../remote/remote-image.ts";
import type { HashFollower } from "./hash-follower.ts";
import type { PartialFile } from "./partial-file.ts";

/** How a file is fetched. */
export interface DownloadOptions {
  /** Ranges that are fetched at the same time; 4 when left out. */
  readonly connectionCount?: number;
  /** Length of one range; 16 MiB when left out. Files of no more are fetched in one piece. */
  readonly partBytes?: number;
  /** For every range anew; four tries within a minute when left out. */
  readonly retryPolicy?: RetryPolicy;
  /** Called now and then with what is in the file. */
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
  /** Looks at the whole file before it gets its name; what it throws is thrown, and nothing is left. */
  readonly check?: (path: string) => Promise<void>;
  /** ms since 1970; `Date.now` when left out. */
  readonly now?: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** What the steps of one download share. */
export interface Download {
  readonly remote: RemoteImage;
  readonly partial: PartialFile;
  readonly hash: HashFollower;
  readonly options: DownloadOptions;
}

/** Calls something again as the options of a download say. */
export function retryAs<Result>(options: DownloadOptions, call: () => Promise<Result>): Promise<Result> {
  const { retryPolicy, signal } = options;
  return retry(call, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
}

/** Asks for a range, again where that helps. */
export function openRange({ remote, options }: Download, range: RemoteRange): Promise<RemoteBytes> {
  return retryAs(options, () => remote.open(range, options.signal));
}
