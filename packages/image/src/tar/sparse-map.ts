import type { Hole } from "../tree/entry.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { invalidHeader, type TarHeader } from "./header.ts";
import { tryParseNumber } from "./header-numbers.ts";
import { GNU_SPARSE_PAIR_BYTES, TAR_BLOCK_BYTES, gnuSparseBlock, gnuSparseFields } from "./layout.ts";
import { checkTarLimit, type TarLimits } from "./limits.ts";
import { paxNumber, type PaxHeader } from "./pax.ts";

/** Where the stored bytes of a sparse file belong. */
export interface SparseMap {
  /** Size of the whole file in bytes. */
  readonly realSize: number;
  /** Ranges that are stored, ascending, one after the other in the archive. */
  readonly segments: readonly Hole[];
  /** Bytes of the entry's content that the map itself took (pax form 1.0). */
  readonly mapBytes: number;
}

/**
 * The map of GNU's old sparse form (type `S`), with the blocks that continue it.
 * @throws E_TAR_INVALID, E_TAR_TRUNCATED, E_LIMIT_EXCEEDED
 */
export async function readGnuSparseMap(
  header: TarHeader,
  source: ChunkReader,
  limits: Required<TarLimits>,
): Promise<SparseMap> {
  const realSize = tryParseNumber(header.block, ...gnuSparseFields.realSize);
  if (realSize === undefined || realSize < 0) throw invalidHeader("a sparse file has no size", header.offset);
  const segments: Hole[] = [];
  addPairs(segments, header.block, gnuSparseFields.segments, header.offset);
  let isExtended = header.block[gnuSparseFields.isExtended[0]] !== 0;
  while (isExtended) {
    const block = await source.take(TAR_BLOCK_BYTES, "the map of a sparse file");
    if (block === undefined) throw source.truncated("the map of a sparse file", TAR_BLOCK_BYTES);
    addPairs(segments, block, gnuSparseBlock.segments, header.offset);
    checkTarLimit("sparseSegmentCount", segments.length, limits, header.offset);
    isExtended = block[gnuSparseBlock.isExtended[0]] !== 0;
  }
  return checkedMap({ realSize, segments, mapBytes: 0 }, header.sizeBytes, header.offset);
}

function addPairs(
  segments: Hole[],
  block: Uint8Array,
  [start, sizeBytes]: readonly [number, number],
  headerOffset: number,
): void {
  for (let at = start; at + GNU_SPARSE_PAIR_BYTES <= start + sizeBytes; at += GNU_SPARSE_PAIR_BYTES) {
    if (block[at] === 0) break;
    const offset = tryParseNumber(block, at, 12);
    const length = tryParseNumber(block, at + 12, 12);
    if (offset === undefined || length === undefined) {
      throw invalidHeader("the map of a sparse file is malformed", headerOffset);
    }
    segments.push({ offset, length });
  }
}

/**
 * The map of a sparse file in one of the three pax forms.
 * @param storedSize bytes of the entry's content
 * @returns undefined when the records speak of no sparse file
 * @throws E_TAR_INVALID, E_TAR_TRUNCATED, E_LIMIT_EXCEEDED
 */
export async function readPaxSparseMap(
  pax: PaxHeader,
  storedSize: number,
  source: ChunkReader,
  limits: Required<TarLimits>,
): Promise<SparseMap | undefined> {
  const offset = source.offset;
  const size = pax.records.get("GNU.sparse.realsize") ?? pax.records.get("GNU.sparse.size");
  if (size === undefined) return undefined;
  const realSize = paxNumber(size, offset);
  if (pax.records.has("GNU.sparse.major")) return await readMapBeforeContent(realSize, storedSize, source, limits);
  const map = pax.records.get("GNU.sparse.map");
  const numbers =
    map === undefined ? pax.sparsePairs : splitNumbers(Buffer.from(map).toString("latin1").split(","), offset);
  checkTarLimit("sparseSegmentCount", numbers.length / 2, limits, offset);
  return checkedMap({ realSize, segments: pairUp(numbers, offset), mapBytes: 0 }, storedSize, offset);
}

/** Form 1.0: decimal numbers, a line each, in blocks of their own before the content. */
async function readMapBeforeContent(
  realSize: number,
  storedSize: number,
  source: ChunkReader,
  limits: Required<TarLimits>,
): Promise<SparseMap> {
  const offset = source.offset;
  const lines: string[] = [];
  let open = "";
  let mapBytes = 0;
  let wantedLines = 1;
  while (lines.length < wantedLines) {
    const block = mapBytes < storedSize ? await source.take(TAR_BLOCK_BYTES, "the map of a sparse file") : undefined;
    if (block === undefined) throw source.truncated("the map of a sparse file", TAR_BLOCK_BYTES);
    mapBytes += TAR_BLOCK_BYTES;
    const parts = (open + Buffer.from(block).toString("latin1")).split("\n");
    open = parts.pop() ?? "";
    lines.push(...parts);
    const [count] = splitNumbers(lines.slice(0, 1), offset);
    wantedLines = 1 + 2 * (count ?? 0);
    checkTarLimit("sparseSegmentCount", count ?? 0, limits, offset);
  }
  const segments = pairUp(splitNumbers(lines.slice(1, wantedLines), offset), offset);
  return checkedMap({ realSize, segments, mapBytes }, storedSize, offset);
}

function splitNumbers(texts: readonly string[], offset: number): number[] {
  return texts.filter((text) => text !== "").map((text) => paxNumber(Buffer.from(text, "latin1"), offset));
}

function pairUp(numbers: readonly number[], headerOffset: number): Hole[] {
  if (numbers.length % 2 !== 0) throw invalidHeader("the map of a sparse file is malformed", headerOffset);
  const segments: Hole[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    segments.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  }
  return segments;
}

function checkedMap(map: SparseMap, storedSize: number, headerOffset: number): SparseMap {
  let end = 0;
  let stored = map.mapBytes;
  for (const { offset, length } of map.segments) {
    if (offset < end || length < 0) throw invalidHeader("the ranges of a sparse file overlap", headerOffset);
    end = offset + length;
    stored += length;
  }
  if (end > map.realSize || stored !== storedSize) {
    throw invalidHeader("the map of a sparse file does not fit its size", headerOffset);
  }
  return map;
}

/** The ranges between the stored ones. */
export function holesOf(map: SparseMap): Hole[] {
  const holes: Hole[] = [];
  let end = 0;
  for (const segment of map.segments) {
    if (segment.offset > end) holes.push({ offset: end, length: segment.offset - end });
    end = segment.offset + segment.length;
  }
  if (map.realSize > end) holes.push({ offset: end, length: map.realSize - end });
  return holes;
}
