import { createReadStream } from "node:fs";
import { AppError, formatSize } from "@repo2singularity/base";
import { decompressStream, readTar, type TreeEntry } from "@repo2singularity/image";

/**
 * The entries of a tar file that is plain or compressed with gzip or zstd.
 * Memory: one chunk, one header and the decompressor's window.
 * @throws E_TAR_INVALID, E_TAR_TRUNCATED, E_PATH_ESCAPE, E_LIMIT_EXCEEDED
 */
export function readTarFile(
  archivePath: string,
  options: { readonly entryCount: number; readonly totalBytes: number; readonly signal?: AbortSignal | undefined },
): AsyncIterable<TreeEntry> {
  const { entryCount, totalBytes, signal } = options;
  const packed = createReadStream(archivePath, signal === undefined ? {} : { signal });
  // headers and padding count too: a stream may go on with zeros for ever behind the last file
  const archiveBytes = totalBytes + entryCount * 4096;
  return readTar(atMost(decompressStream(packed), archiveBytes, archivePath), {
    limits: { entryCount, fileBytes: totalBytes },
    ...(signal === undefined ? {} : { signal }),
  });
}

async function* atMost(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  archivePath: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seenBytes = 0;
  for await (const chunk of source) {
    seenBytes += chunk.length;
    if (seenBytes > limitBytes) {
      throw new AppError("E_LIMIT_EXCEEDED", `${archivePath}: unpacks to more than ${formatSize(limitBytes)}`, {
        hint: "raise sourceMaxSize in the configuration if you trust the archive",
      });
    }
    yield chunk;
  }
}
