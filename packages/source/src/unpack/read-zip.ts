import { isUtf8 } from "node:buffer";
import { AppError, formatSize, isAbortError, isAppError } from "@repo2singularity/base";
import { normalizePath, type TreeEntry } from "@repo2singularity/image";
import type { Entry, ZipFile } from "yauzl";

/** How {@link readZip} reads. */
export interface ReadZipOptions {
  /** Entries that are listed. */
  readonly entryCount: number;
  /** Bytes of all files together, as the archive's directory announces them. */
  readonly totalBytes: number;
  readonly signal?: AbortSignal | undefined;
}

const longestLinkBytes = 4096;
const encryptedFlag = 0x1;
/** The name is UTF-8; without it, it is in the code page of DOS, or so the format says. */
const utf8Flag = 0x800;
/** Systems whose attributes have Unix modes in their upper half: Unix and macOS. Source: APPNOTE 4.4.2. */
const unixSystems = [3, 19];
const fileTypeBits = 0o170000;
const symlinkType = 0o120000;
const directoryType = 0o040000;
const regularType = 0o100000;

/**
 * The entries of a zip archive, in the order of its directory, with the executable bits and links that Unix programs
 * store. Content is checked against the archive's CRC, and must be read before the next entry is asked for.
 * Memory: one entry of the directory, and the decompressor's window.
 * @throws E_ARCHIVE_INVALID for damaged, encrypted or unknown content, E_PATH_ESCAPE for names that lead out,
 * E_LIMIT_EXCEEDED
 * Source: PKWARE APPNOTE 6.3.10; Info-ZIP's extensions for Unix modes
 */
export async function* readZip(
  archivePath: string,
  options: ReadZipOptions,
): AsyncGenerator<TreeEntry, void, undefined> {
  const { openPromise } = await import("yauzl");
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(archivePath, { lazyEntries: true, autoClose: false, strictFileNames: false });
    yield* readEntries(zip, archivePath, options);
  } catch (error) {
    throw zipError(error, archivePath);
  } finally {
    zip?.close();
  }
}

async function* readEntries(
  zip: ZipFile,
  archivePath: string,
  options: ReadZipOptions,
): AsyncGenerator<TreeEntry, void, undefined> {
  checkLimit(archivePath, "entries", zip.entryCount, options.entryCount);
  let totalBytes = 0;
  for await (const entry of zip.eachEntry()) {
    options.signal?.throwIfAborted();
    totalBytes += entry.uncompressedSize;
    checkLimit(archivePath, "bytes", totalBytes, options.totalBytes);
    if ((entry.generalPurposeBitFlag & encryptedFlag) !== 0) {
      throw new AppError("E_ARCHIVE_INVALID", `${archivePath}: ${entry.fileName} is encrypted`);
    }
    yield await treeEntry(zip, entry, archivePath);
  }
}

async function treeEntry(zip: ZipFile, entry: Entry, archivePath: string): Promise<TreeEntry> {
  const isUnix = unixSystems.includes(entry.versionMadeBy >>> 8);
  const path = normalizePath(isUnix ? unixName(entry) : entry.fileName, archivePath);
  // a zip's times have no zone, and those of a checkout do not count
  const common = { path, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: 0 };
  const mode = isUnix ? entry.externalFileAttributes >>> 16 : 0;
  const type = mode & fileTypeBits;
  if (type === directoryType || entry.fileName.endsWith("/")) return { ...common, type: "directory", mode: 0o755 };
  if (type === symlinkType) {
    return { ...common, type: "symlink", mode: 0o777, linkTarget: await readLink(zip, entry, archivePath) };
  }
  if (type !== 0 && type !== regularType) {
    throw new AppError("E_ARCHIVE_INVALID", `${archivePath}: ${entry.fileName} is a device or pipe`);
  }
  return {
    ...common,
    type: "file",
    mode: (mode & 0o111) === 0 ? 0o644 : 0o755,
    sizeBytes: entry.uncompressedSize,
    content: { stream: () => readContent(zip, entry, archivePath) },
  };
}

/** Info-ZIP writes names as they are on the disk, in UTF-8 without saying so when its locale is C. */
function unixName(entry: Entry): string {
  const isDeclared = (entry.generalPurposeBitFlag & utf8Flag) !== 0;
  return !isDeclared && isUtf8(entry.fileNameRaw) ? entry.fileNameRaw.toString("utf8") : entry.fileName;
}

async function* readContent(
  zip: ZipFile,
  entry: Entry,
  archivePath: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    // a stream without an encoding gives bytes
    yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw zipError(error, `${archivePath}: ${entry.fileName}`);
  }
}

async function readLink(zip: ZipFile, entry: Entry, archivePath: string): Promise<string> {
  if (entry.uncompressedSize > longestLinkBytes) {
    throw new AppError("E_ARCHIVE_INVALID", `${archivePath}: the link ${entry.fileName} is too long`);
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of readContent(zip, entry, archivePath)) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}

function checkLimit(archivePath: string, what: string, found: number, limit: number): void {
  if (found <= limit) return;
  const [shown, most] = what === "bytes" ? [formatSize(found), formatSize(limit)] : [`${found} ${what}`, `${limit}`];
  throw new AppError("E_LIMIT_EXCEEDED", `${archivePath}: unpacks to ${shown} or more, the limit is ${most}`, {
    hint: "raise sourceMaxSize in the configuration if you trust the archive",
  });
}

/** yauzl throws plain errors; those of names begin with these words. */
const escapes = /^(?:absolute path|invalid relative path|invalid characters in fileName)/;

function zipError(error: unknown, what: string): unknown {
  if (isAppError(error) || isAbortError(error) || !(error instanceof Error)) return error;
  if (escapes.test(error.message)) {
    return new AppError("E_PATH_ESCAPE", `${what}: has an entry outside of it: ${error.message}`, { cause: error });
  }
  return new AppError("E_ARCHIVE_INVALID", `${what}: cannot be unpacked: ${error.message}`, {
    hint: "fetch it again; if it happens twice, the archive is damaged",
    cause: error,
  });
}
