import type { TreeEntry } from "../tree/entry.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { entryFacts, type EntryFacts } from "./entry-facts.ts";
import { ArchivedContent } from "./archived-content.ts";
import { ExtensionReader, isExtension } from "./extension-reader.ts";
import { hasValidChecksum, isZeroBlock } from "./header-numbers.ts";
import { parseHeader, type TarHeader } from "./header.ts";
import { TAR_BLOCK_BYTES, paddedSize, typeFlags } from "./layout.ts";
import { checkTarLimit, defaultTarLimits, type TarLimits } from "./limits.ts";
import { paxNumber, type PaxHeader } from "./pax.ts";
import { readGnuSparseMap, readPaxSparseMap, type SparseMap } from "./sparse-map.ts";

/** How {@link readTar} reads. */
export interface ReadTarOptions {
  readonly limits?: TarLimits;
  readonly signal?: AbortSignal;
}

/**
 * The entries of a tar archive, in its order.
 *
 * Reads v7, ustar, pax (long names, big numbers, fractions of seconds, xattrs of star, GNU and libarchive, global
 * headers), GNU (long names, base-256 numbers) and sparse files in all four forms.
 * Memory: one chunk of the source and one extension header; content is handed out without copying, and must be read
 * before the next entry is asked for.
 *
 * @param source the uncompressed archive; see `decompressStream`
 * @throws E_TAR_INVALID for a damaged header, E_TAR_TRUNCATED when the archive ends early (also without its end mark),
 * E_PATH_ESCAPE for a path with `..`, E_LIMIT_EXCEEDED; all with `data.offset`
 * Source: POSIX.1-2017 `pax`; GNU tar manual, "Basic Tar Format" and "Storing Sparse Files"
 * @example
 * for await (const entry of readTar(createReadStream("root.tar"))) names.push(entry.path);
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TreeEntry, void, undefined> {
  const limits = { ...defaultTarLimits, ...options.limits };
  const bytes = new ChunkReader(source);
  const extensions = new ExtensionReader(bytes, limits);
  let entryCount = 0;
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const { offset } = bytes;
      const block = bytes.tryTake(TAR_BLOCK_BYTES) ?? (await bytes.take(TAR_BLOCK_BYTES, "a header"));
      if (block === undefined) throw bytes.truncated("the end mark", TAR_BLOCK_BYTES);
      if (block[0] === 0 && isZeroBlock(block)) break; // the end mark is one or two of them
      const header = parseHeader(block, offset);
      if (isExtension(header)) {
        await extensions.accept(header);
        continue;
      }
      checkTarLimit("entryCount", ++entryCount, limits, offset);
      const read = describeEntry(bytes, header, extensions, limits);
      const { entry, content } = read instanceof Promise ? await read : read;
      yield entry;
      if (content?.tryFinish() === false) await content.finish();
    }
    extensions.checkNoneIsOpen(bytes.offset);
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

interface ReadEntry {
  readonly entry: TreeEntry;
  /** What must be finished before the next header, if the entry has stored bytes. */
  readonly content: ArchivedContent | undefined;
}

/** An entry by its header and those before it; a promise only where the content's beginning must be read as well. */
function describeEntry(
  bytes: ChunkReader,
  header: TarHeader,
  extensions: ExtensionReader,
  limits: Required<TarLimits>,
): ReadEntry | Promise<ReadEntry> {
  const pending = extensions.takeFor();
  const { records } = pending.pax;
  const facts = entryFacts(header, { records, longName: pending.longName, longLink: pending.longLink });
  const sizeRecord = records.size === 0 ? undefined : records.get("size");
  const storedSize = sizeRecord === undefined ? header.sizeBytes : paxNumber(sizeRecord, header.offset);
  if (facts.type !== "file") {
    if (storedSize === 0) return { entry: { ...facts, sizeBytes: 0 }, content: undefined };
    return describeOther(bytes, header, facts, storedSize);
  }
  const isPlain = records.size === 0 && header.typeFlag !== typeFlags.gnuSparse;
  const file = { bytes, facts, storedSize, limits };
  return isPlain ? describeFile(header, file, undefined) : describeSparseFile(header, pending.pax, file);
}

interface ArchivedFile {
  readonly bytes: ChunkReader;
  readonly facts: EntryFacts;
  readonly storedSize: number;
  readonly limits: Required<TarLimits>;
}

async function describeOther(
  bytes: ChunkReader,
  header: TarHeader,
  facts: EntryFacts,
  storedSize: number,
): Promise<ReadEntry> {
  const skippedBytes = await contentToSkip(bytes, header, storedSize);
  const content = skippedBytes === 0 ? undefined : new ArchivedContent(bytes, skippedBytes, facts.path);
  return { entry: { ...facts, sizeBytes: 0 }, content };
}

async function describeSparseFile(header: TarHeader, pax: PaxHeader, file: ArchivedFile): Promise<ReadEntry> {
  const { bytes, storedSize, limits } = file;
  const map =
    header.typeFlag === typeFlags.gnuSparse
      ? await readGnuSparseMap(header, bytes, limits)
      : await readPaxSparseMap(pax, storedSize, bytes, limits);
  return describeFile(header, file, map);
}

function describeFile(
  header: TarHeader,
  { bytes, facts, storedSize, limits }: ArchivedFile,
  map: SparseMap | undefined,
): ReadEntry {
  const sizeBytes = map?.realSize ?? storedSize;
  checkTarLimit("fileBytes", sizeBytes, limits, header.offset);
  const content = new ArchivedContent(bytes, storedSize - (map?.mapBytes ?? 0), facts.path, map);
  return { entry: sizeBytes === 0 ? { ...facts, sizeBytes } : { ...facts, sizeBytes, content }, content };
}

/**
 * Stored bytes of an entry that is no file. Directories of GNU's dumps have some; a hard link of pax archives may
 * have them, while older programs state a size without storing anything: what follows decides.
 */
async function contentToSkip(bytes: ChunkReader, header: TarHeader, storedSize: number): Promise<number> {
  if (header.typeFlag === typeFlags.gnuDumpDirectory) return storedSize;
  if (header.typeFlag !== typeFlags.hardlink) return 0;
  const next = await bytes.take(TAR_BLOCK_BYTES, "the entry after a hard link");
  if (next === undefined) throw bytes.truncated("the entry after a hard link", paddedSize(storedSize));
  bytes.putBack(next);
  return hasValidChecksum(next) || isZeroBlock(next) ? 0 : storedSize;
}

/** Whether a file begins with a tar header; for telling archives from other files. */
export function isTarStart(bytes: Uint8Array): boolean {
  if (bytes.length < TAR_BLOCK_BYTES) return false;
  const block = bytes.subarray(0, TAR_BLOCK_BYTES);
  return isZeroBlock(block) || hasValidChecksum(block);
}
