import { open, rename, rm, stat } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import { detectCompression, extractTree, isTarStart, type StreamCompression } from "@repo2singularity/image";
import { decompressFile, type ProgramTools } from "./decompress-file.ts";
import { guardEntries } from "./guard-entries.ts";
import { readTarFile } from "./read-tar-file.ts";
import { readZip } from "./read-zip.ts";
import { unpackedLimitBytes, type UnpackLimits } from "./unpack-limits.ts";

/** What an archive is unpacked with. */
export interface UnpackTools extends ProgramTools {
  readonly limits: UnpackLimits;
}

type ArchiveForm = { readonly kind: "zip" } | { readonly kind: "tar"; readonly compression: StreamCompression };

const tarBlockBytes = 512;
const zipStart = "504b0304";
/** A zip without entries is only its end record. */
const emptyZipStart = "504b0506";

/**
 * Unpacks a zip archive, or a tar archive that is plain or compressed with gzip, zstd, xz or bzip2, into a folder.
 * Nothing is written outside the folder and no link leads out of it.
 * @param path is removed when everything is unpacked
 * @param shown what errors call the archive
 * @throws E_ARCHIVE_INVALID, E_TAR_INVALID, E_TAR_TRUNCATED, E_PATH_ESCAPE, E_LIMIT_EXCEEDED, E_NO_SPACE,
 * E_PROCESS_NOT_FOUND when it needs xz or bzip2 and there is none
 */
export async function unpackArchive(path: string, folder: string, tools: UnpackTools, shown: string): Promise<void> {
  const form = await detectForm(path, shown);
  const totalBytes = unpackedLimitBytes((await stat(path)).size, tools.limits);
  const { entryCount } = tools.limits;
  const options = { entryCount, totalBytes, signal: tools.signal };
  const readable = form.kind === "tar" ? await plainTar(path, form.compression, totalBytes, tools) : path;
  const entries = form.kind === "zip" ? readZip(readable, options) : readTarFile(readable, options);
  await extractTree(guardEntries(entries, shown), folder, {
    ownership: "mine",
    limits: { entryCount, totalBytes },
    ...(tools.signal === undefined ? {} : { signal: tools.signal }),
  });
  await rm(readable, { force: true });
  await rm(path, { force: true });
}

/** A tar that can be read here: xz and bzip2 are decompressed to a file first. */
async function plainTar(
  path: string,
  compression: StreamCompression,
  limitBytes: number,
  tools: UnpackTools,
): Promise<string> {
  if (compression !== "xz" && compression !== "bzip2") return path;
  const named = `${path}.${compression === "xz" ? "xz" : "bz2"}`;
  await rename(path, named);
  const plain = await decompressFile(named, compression, limitBytes, tools);
  await rm(named);
  return plain;
}

async function detectForm(path: string, shown: string): Promise<ArchiveForm> {
  const start = await readStart(path);
  const hex = start.toString("hex", 0, 4);
  if (hex === zipStart || hex === emptyZipStart) return { kind: "zip" };
  const compression = detectCompression(start);
  if (compression !== "none" || isTarStart(start)) return { kind: "tar", compression };
  throw new AppError("E_ARCHIVE_INVALID", `${shown}: is neither a zip nor a tar archive`, {
    hint: "check that the URL leads to the archive itself and not to a page about it",
  });
}

async function readStart(path: string): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(tarBlockBytes), 0, tarBlockBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
