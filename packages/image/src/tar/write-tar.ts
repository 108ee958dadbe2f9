import { AppError } from "@repo2singularity/base";
import type { Hole, TreeEntry } from "../tree/entry.ts";
import { TAR_BLOCK_BYTES, paddedSize } from "./layout.ts";
import { entryHeader, type ArchivableEntry } from "./write-header.ts";

/** How {@link writeTar} writes. */
export interface WriteTarOptions {
  /** `keep` stores files with holes in GNU's pax form 1.0, `expand` writes zeros; `keep` when left out. */
  readonly sparse?: "keep" | "expand";
  /** Told of sockets, which tar has no type for and which are left out. */
  readonly onSkipped?: (entry: TreeEntry) => void;
  readonly signal?: AbortSignal;
}

/**
 * A tar archive of entries: POSIX ustar, with pax headers for what it cannot say (long or non-ASCII names, big
 * numbers, fractions of seconds, extended attributes as `SCHILY.xattr.…`, sparse files).
 *
 * The same entries give the same bytes. Memory: one header; content passes through as it comes.
 * @throws E_TREE_INVALID when a content has not the size that its entry states
 * Source: POSIX.1-2017 `pax`; GNU tar manual, "Storing Sparse Files"
 */
export async function* writeTar(
  entries: AsyncIterable<TreeEntry>,
  options: WriteTarOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const entry of entries) {
    options.signal?.throwIfAborted();
    if (!isArchivable(entry)) {
      options.onSkipped?.(entry);
      continue;
    }
    const holes = options.sparse === "expand" ? [] : (entry.content?.holes ?? []);
    if (holes.length > 0) yield* sparseEntry(entry, holes);
    else yield* plainEntry(entry);
  }
  yield Buffer.alloc(2 * TAR_BLOCK_BYTES);
}

function isArchivable(entry: TreeEntry): entry is ArchivableEntry {
  return entry.type !== "socket";
}

async function* plainEntry(entry: ArchivableEntry): AsyncGenerator<Uint8Array, void, undefined> {
  yield entryHeader(entry, undefined);
  let written = 0;
  for await (const chunk of entry.content?.stream() ?? []) {
    written += chunk.length;
    if (written > entry.sizeBytes) throw wrongSize(entry, written);
    yield chunk;
  }
  if (entry.type === "file" && written !== entry.sizeBytes) throw wrongSize(entry, written);
  if (written > 0) yield padding(written);
}

async function* sparseEntry(
  entry: ArchivableEntry,
  holes: readonly Hole[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const segments = segmentsBetween(holes, entry.sizeBytes);
  const map = sparseMapBytes(segments);
  const storedBytes = segments.reduce((sum, { length }) => sum + length, 0);
  yield entryHeader(entry, { storedSize: map.length + storedBytes });
  yield map;
  let at = 0;
  let segmentIndex = 0;
  for await (const chunk of entry.content?.stream() ?? []) {
    const end = at + chunk.length;
    for (; segmentIndex < segments.length; segmentIndex++) {
      const { offset, length } = segments[segmentIndex] ?? { offset: 0, length: 0 };
      if (offset >= end) break;
      const part = chunk.subarray(Math.max(0, offset - at), Math.max(0, Math.min(chunk.length, offset + length - at)));
      if (part.length > 0) yield part;
      if (offset + length > end) break;
    }
    at = end;
  }
  if (at !== entry.sizeBytes) throw wrongSize(entry, at);
  yield padding(storedBytes);
}

/** What is stored; an empty range at the end says how long the file is, as GNU tar writes it. */
function segmentsBetween(holes: readonly Hole[], sizeBytes: number): Hole[] {
  const segments: Hole[] = [];
  let at = 0;
  for (const hole of holes) {
    if (hole.offset > at) segments.push({ offset: at, length: hole.offset - at });
    at = hole.offset + hole.length;
  }
  segments.push({ offset: at, length: sizeBytes - at });
  return segments;
}

function sparseMapBytes(segments: readonly Hole[]): Buffer {
  const lines = [segments.length, ...segments.flatMap(({ offset, length }) => [offset, length])];
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  return Buffer.concat([text, padding(text.length)]);
}

function padding(sizeBytes: number): Buffer {
  return Buffer.alloc(paddedSize(sizeBytes) - sizeBytes);
}

function wrongSize(entry: TreeEntry, found: number): AppError {
  return new AppError("E_TREE_INVALID", `${entry.path}: ${entry.sizeBytes} bytes of content expected, ${found} found`);
}
