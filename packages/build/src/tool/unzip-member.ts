import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { AppError } from "@repo2singularity/base";
import { openPromise } from "yauzl";

/**
 * Writes one file of a zip archive to a path, with its bytes checked against the archive's CRC.
 * @throws E_TOOL_UNAVAILABLE when the archive has no such file or is damaged
 */
export async function unzipMember(
  archivePath: string,
  member: string,
  target: { readonly path: string; readonly mode: number; readonly signal?: AbortSignal },
): Promise<void> {
  const zip = await openPromise(archivePath, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== member) continue;
      const content = await zip.openReadStreamPromise(entry);
      const signal = target.signal === undefined ? {} : { signal: target.signal };
      await pipeline(content, createWriteStream(target.path, { mode: target.mode, flags: "wx" }), signal);
      return;
    }
  } finally {
    zip.close();
  }
  throw new AppError("E_TOOL_UNAVAILABLE", `${archivePath}: has no file ${member}`);
}
