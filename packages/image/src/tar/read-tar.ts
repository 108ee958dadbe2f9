import type { TreeEntry } from "../tree/entry.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { entryFacts } from "./entry-facts.ts";
import { ArchivedContent } from "./archived-content.ts";
import { ExtensionReader } from "./extension-reader.ts";
import { hasValidChecksum, isZeroBlock } from "./header-numbers.ts";
import { parseHeader, type TarHeader } from "./header.ts";
import { TAR_BLOCK_BYTES, paddedSize, typeFlags } from "./layout.ts";
import { checkTarLimit, defaultTarLimits, type TarLimits } from "./limits.ts";
import { paxNumber } from "./pax.ts";
import { readGnuSparseMap, readPaxSparseMap } from "./sparse-map.ts";

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
      const header = await readHeader(bytes);
      if (header === undefined) break;
      if (await extensions.accept(header)) continue;
      checkTarLimit("entryCount", ++entryCount, limits, header.offset);
      const { entry, content } = await readEntry(bytes, header, extensions, limits);
      yield entry;
      await content?.finish();
    }
    extensions.checkNoneIsOpen(bytes.offset);
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

/** The next header; undefined at the archive's end mark, which is one or two zero blocks. */
async function readHeader(bytes: ChunkReader): Promise<TarHeader | undefined> {
  const offset = bytes.offset;
  const what = "a header";
  const block = bytes.tryTake(TAR_BLOCK_BYTES) ?? (await bytes.take(TAR_BLOCK_BYTES, what));
  if (block === undefined) throw bytes.truncated("the end mark", TAR_BLOCK_BYTES);
  return block[0] === 0 && isZeroBlock(block) ? undefined : parseHeader(block, offset);
}

interface ReadEntry {
  readonly entry: TreeEntry;
  /** What must be finished before the next header, if the entry has stored bytes. */
  readonly content: ArchivedContent | undefined;
}

async function readEntry(
  bytes: ChunkReader,
  header: TarHeader,
  extensions: ExtensionReader,
  limits: Required<TarLimits>,
): Promise<ReadEntry> {
  const { pax, ...names } = extensions.takeFor();
  const facts = entryFacts(header, { records: pax.records, ...names });
  const sizeRecord = pax.records.get("size");
  const storedSize = sizeRecord === undefined ? header.sizeBytes : paxNumber(sizeRecord, header.offset);
  if (facts.type !== "file") {
    const skippedBytes = await contentToSkip(bytes, header, storedSize);
    const content = skippedBytes === 0 ? undefined : new ArchivedContent(bytes, skippedBytes, facts.path);
    return { entry: { ...facts, sizeBytes: 0 }, content };
  }
  const map =
    header.typeFlag === typeFlags.gnuSparse
      ? await readGnuSparseMap(header, bytes, limits)
      : await readPaxSparseMap(pax, storedSize, bytes, limits);
  const sizeBytes = map?.realSize ?? storedSize;
  checkTarLimit("fileBytes", sizeBytes, limits, header.offset);
  const content = new ArchivedContent(bytes, storedSize - (map?.mapBytes ?? 0), facts.path);
  const entry = sizeBytes === 0 ? { ...facts, sizeBytes } : { ...facts, sizeBytes, content: content.content(map) };
  return { entry, content };
}

/**
 * Stored bytes of an entry that is no file. Directories of GNU's dumps have some; a hard link of pax archives may
 * have them, while older programs state a size without storing anything: what follows decides.
 */
async function contentToSkip(bytes: ChunkReader, header: TarHeader, storedSize: number): Promise<number> {
  if (storedSize === 0) return 0;
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
