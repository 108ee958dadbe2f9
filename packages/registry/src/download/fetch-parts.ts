import { AppError } from "@repo2singularity/base";
import type { RemoteBytes } from "../remote/remote-image.ts";
import { openRange, retryAs, type Download } from "./download.ts";
import { fetchWhole } from "./fetch-whole.ts";
import { doneBytesOf, frontierOf, partRange, sizeMismatch, withPart, type PartMap } from "./part-map.ts";
import { writeBytes } from "./write-bytes.ts";

const defaultConnectionCount = 4;

/**
 * Fetches the parts of a file that are missing, several at a time; in one stream when the remote turns out to know no
 * ranges.
 * @param map what is there
 * @param first an answer for part 0 that was not read yet
 * @returns the size of the file in bytes
 */
export async function fetchParts(download: Download, map: PartMap, first?: RemoteBytes): Promise<number> {
  const { partial, hash } = download;
  const missing = map.isDone.flatMap((isDone, index) => (isDone ? [] : [index]));
  const [firstIndex] = missing;
  if (firstIndex !== 0) first?.close();
  if (firstIndex === undefined) {
    hash.advance(map.sizeBytes);
    return map.sizeBytes;
  }
  const opened =
    first !== undefined && firstIndex === 0 ? first : await openRange(download, partRange(map, firstIndex));
  if (!opened.isRange) return fetchWhole(download, opened);
  if (opened.totalBytes !== undefined && opened.totalBytes !== map.sizeBytes) {
    opened.close();
    throw sizeMismatch(download.remote.reference, map.sizeBytes, `${opened.totalBytes}`);
  }
  await partial.writeMap(map);
  await fetchMissing(download, map, { missing, opened });
  return map.sizeBytes;
}

async function fetchMissing(
  download: Download,
  before: PartMap,
  work: { readonly missing: readonly number[]; readonly opened: RemoteBytes },
): Promise<void> {
  const { partial, hash, options } = download;
  let map = before;
  let doneBytes = doneBytesOf(map);
  hash.advance(frontierOf(map));
  const queue = [...work.missing];
  let opened: RemoteBytes | undefined = work.opened;
  // one connection that fails ends the others, or they would go on behind the error
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const own = { ...download, options: { ...options, signal } };
  const onBytes = (count: number): void => {
    doneBytes += count;
    options.onProgress?.(doneBytes, map.sizeBytes);
  };
  const fetchNext = async (): Promise<void> => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const initial = opened;
      opened = undefined;
      await fetchPart(own, { ...partRange(map, index), initial, onBytes });
      map = withPart(map, index);
      await partial.writeMap(map);
      hash.advance(frontierOf(map));
    }
  };
  const connections = Array.from({ length: options.connectionCount ?? defaultConnectionCount }, async () => {
    await fetchNext().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });
  });
  const ends = await Promise.allSettled(connections);
  if (ends.some(({ status }) => status === "rejected")) {
    options.signal?.throwIfAborted();
    throw failed.signal.reason;
  }
}

/** One part: what a broken connection leaves is asked for again from where it broke. */
async function fetchPart(
  download: Download,
  part: {
    readonly startBytes: number;
    readonly endBytes: number;
    readonly initial: RemoteBytes | undefined;
    onBytes(count: number): void;
  },
): Promise<void> {
  const { remote, partial, options } = download;
  const { endBytes } = part;
  let { initial } = part;
  let position = part.startBytes;
  await retryAs(options, async () => {
    const source = initial ?? (await remote.open({ startBytes: position, endBytes }, options.signal));
    initial = undefined;
    if (!source.isRange) {
      source.close();
      throw new AppError("E_REGISTRY_PROTOCOL", `${remote.reference}: changed, or stopped knowing ranges, on the way`, {
        hint: "fetch it again",
      });
    }
    const onBytes = (count: number): void => {
      position += count;
      part.onBytes(count);
    };
    await writeBytes(source, { file: partial.file, startBytes: position, endBytes, what: remote.reference, onBytes });
    if (position === endBytes) return;
    throw new AppError("E_REGISTRY_NETWORK", `${remote.reference}: ended after ${position} of ${endBytes} bytes`, {
      retryable: true,
    });
  });
}
