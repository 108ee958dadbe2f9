import { AppError, isAppError, sha256Hex, type Digest } from "@repo2singularity/base";
import type { RemoteImage } from "../remote/remote-image.ts";
import { openRange, type Download, type DownloadOptions } from "./download.ts";
import { fetchParts } from "./fetch-parts.ts";
import { fetchWhole } from "./fetch-whole.ts";
import { followHash } from "./hash-follower.ts";
import { emptyPartMap } from "./part-map.ts";
import { openPartialFile } from "./partial-file.ts";

/** A file that was fetched. */
export interface DownloadedImage {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Whether the remote had promised that digest. */
  readonly isVerified: boolean;
}

/** Each range costs a request and a write of the map; what is lost by an interruption is up to one per connection. */
const defaultPartBytes = 16 * 2 ** 20;

/**
 * Fetches a remote image to a path: several ranges side by side where the remote knows ranges, in one stream where it
 * does not. The file appears under its name when it is whole and has the promised digest. What an interrupted fetch
 * left is taken up again.
 * Memory: 1 MiB for each connection.
 * @throws E_OCI_DIGEST_MISMATCH when size or digest are not as promised; nothing is left then
 * @throws E_NO_SPACE, E_FILE_ACCESS, and what the remote throws; a partial file is left for the next try
 */
export async function downloadImage(
  remote: RemoteImage,
  path: string,
  options: DownloadOptions = {},
): Promise<DownloadedImage> {
  const now = options.now ?? Date.now;
  const id = sha256Hex(remote.digest ?? `${remote.reference} ${remote.version ?? ""}`).slice(0, 16);
  const partial = await openPartialFile(path, id, now());
  let isWorthless = false;
  try {
    const hash = followHash(partial.file);
    const sizeBytes = await fetchContent({ remote, partial, hash, options });
    const digest = await hash.finish();
    if (remote.digest !== undefined && digest !== remote.digest) throw digestMismatch(remote, digest);
    isWorthless = true; // what is whole and does not pass will not pass the next time either
    await options.check?.(partial.path);
    await partial.finish(sizeBytes);
    return { digest, sizeBytes, isVerified: remote.digest !== undefined };
  } catch (error) {
    await partial.leave(isWorthless || isAppError(error, "E_OCI_DIGEST_MISMATCH") ? "remove" : "keep");
    throw error;
  }
}

/** @returns the size of the file in bytes */
async function fetchContent(download: Download): Promise<number> {
  const { remote, partial, options } = download;
  const partBytes = options.partBytes ?? defaultPartBytes;
  const { sizeBytes } = remote;
  if (sizeBytes !== undefined) {
    if (sizeBytes <= partBytes) return fetchWhole(download);
    return fetchParts(download, (await partial.readMap(sizeBytes)) ?? emptyPartMap(sizeBytes, partBytes));
  }
  const first = await openRange(download, { startBytes: 0, endBytes: partBytes });
  const { isRange, totalBytes } = first;
  if (!isRange || totalBytes === undefined) return fetchWhole(download, first);
  return fetchParts(download, (await partial.readMap(totalBytes)) ?? emptyPartMap(totalBytes, partBytes), first);
}

function digestMismatch(remote: RemoteImage, found: Digest): AppError {
  return new AppError("E_OCI_DIGEST_MISMATCH", `${remote.reference}: expected ${remote.digest}, found ${found}`, {
    hint: "fetch it again; if it happens twice, the registry is damaged or somebody changes what you are sent",
  });
}
