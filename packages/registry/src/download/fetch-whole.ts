import { AppError } from "@repo2singularity/base";
import type { RemoteBytes } from "../remote/remote-image.ts";
import { retryAs, type Download } from "./download.ts";
import { sizeMismatch } from "./part-map.ts";
import { writeBytes } from "./write-bytes.ts";

/**
 * Fetches a file in one stream; when it breaks, from the front again.
 * @param first an answer that began at the front and was not read yet
 * @returns the size of the file in bytes
 * @throws E_OCI_DIGEST_MISMATCH when it is longer than was promised
 */
export async function fetchWhole(download: Download, first?: RemoteBytes): Promise<number> {
  const { remote, options } = download;
  let unread = first;
  return retryAs(options, async () => {
    const source = unread ?? (await remote.open({ startBytes: 0 }, options.signal));
    unread = undefined;
    return writeWhole(download, source);
  });
}

async function writeWhole({ remote, partial, hash, options }: Download, source: RemoteBytes): Promise<number> {
  const totalBytes = remote.sizeBytes ?? source.totalBytes;
  if (source.totalBytes !== undefined && source.totalBytes !== totalBytes) {
    source.close();
    throw sizeMismatch(remote.reference, totalBytes ?? 0, `${source.totalBytes}`);
  }
  let doneBytes = 0;
  hash.restart();
  await writeBytes(source, {
    file: partial.file,
    startBytes: 0,
    endBytes: totalBytes,
    what: remote.reference,
    onBytes: (count) => {
      doneBytes += count;
      hash.advance(doneBytes);
      options.onProgress?.(doneBytes, totalBytes);
    },
  });
  if (totalBytes === undefined || doneBytes === totalBytes) return doneBytes;
  throw new AppError("E_REGISTRY_NETWORK", `${remote.reference}: ended after ${doneBytes} of ${totalBytes} bytes`, {
    retryable: true,
  });
}
