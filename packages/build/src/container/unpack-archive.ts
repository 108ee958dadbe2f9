import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { decompressStream, detectCompression, extractTree, isTarStart, readTar } from "@repo2singularity/image";
import { type ExecutorHost, hostEnvironment } from "../executor/host.ts";
import { layersTree, type SourceItem, type SourceTree } from "./source-tree.ts";

/** What one archive may hold. */
const limits = { entryCount: 2_000_000, totalBytes: 100 * 2 ** 30 };

/**
 * Unpacks a tar archive: plain, or compressed with gzip, zstd, xz or bzip2. Device nodes, pipes and owners are left out;
 * an entry or link that leads out of the archive's own folder is refused.
 * @param folder a private folder that does not exist yet
 * @returns what the archive holds; `undefined` for a file that is no archive
 * @throws E_PATH_ESCAPE, E_TAR_INVALID, E_TAR_TRUNCATED, E_LIMIT_EXCEEDED
 */
export async function unpackArchive(
  file: Pick<SourceItem, "host">,
  folder: string,
  { host, signal }: { readonly host: ExecutorHost; readonly signal: AbortSignal },
): Promise<SourceTree | undefined> {
  const start = await firstBytes(file.host);
  const compression = detectCompression(start);
  let path = file.host;
  if (compression === "xz" || compression === "bzip2") {
    path = join(folder, "plain.tar");
    await mkdir(folder, { recursive: true });
    // Node has neither; the file's name is an argument, not part of the script
    const script = `exec ${compression} -dc <"$1" >"$2"`;
    await host.runner("sh", ["-c", script, "sh", Buffer.from(file.host).toString(), path], {
      env: hostEnvironment(host),
      signal,
    });
  }
  const bytes = (): AsyncIterable<Uint8Array> => decompressStream(createReadStream(path, { highWaterMark: 2 ** 18 }));
  if (!(await isArchive(bytes()))) return undefined;
  const target = join(folder, "content");
  await mkdir(target, { recursive: true });
  await extractTree(readTar(bytes(), { signal }), target, { ownership: "mine", limits, signal });
  return layersTree([target]);
}

async function firstBytes(path: string | Buffer): Promise<Uint8Array> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
  return buffer.subarray(0, bytesRead);
}

/** A file that is only compressed, such as `data.csv.gz`, is no archive. */
async function isArchive(bytes: AsyncIterable<Uint8Array>): Promise<boolean> {
  let start: Uint8Array = Buffer.alloc(0);
  for await (const chunk of bytes) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= 512) break;
  }
  return isTarStart(start) && start.some((byte) => byte !== 0);
}
