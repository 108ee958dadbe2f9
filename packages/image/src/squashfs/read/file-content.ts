import type { Hole } from "../../tree/entry.ts";
import { BLOCK_SIZE_FIELD_BYTES, DATA_SIZE_MASK } from "../layout.ts";
import type { BlockPlace, BlockReader } from "./block-reader.ts";
import type { FileInode } from "./inode.ts";
import type { MetadataTable } from "./metadata-table.ts";
import { invalidImage } from "./problems.ts";

/** A part of a file. */
export interface FileRange {
  /** Bytes from the start of the file, 0 when left out. */
  readonly offset?: number;
  /** Bytes; up to the end of the file when left out or larger. */
  readonly length?: number;
}

/** One read takes neighbouring blocks up to so many compressed bytes … */
const RUN_BYTES = 1_048_576;
/** … and so many blocks, which are unpacked at the same time. */
const RUN_BLOCKS = 4;

/** The size field of a file's data block. */
export function blockSizeField(inodes: MetadataTable, file: FileInode, index: number): number {
  return inodes.view.getUint32(file.blockSizesPosition + index * BLOCK_SIZE_FIELD_BYTES, true);
}

/** The blocks of a file that stand for zeros, as ranges; `undefined` when it has none. */
export function fileHoles(inodes: MetadataTable, file: FileInode, blockSizeBytes: number): Hole[] | undefined {
  let holes: { offset: number; length: number }[] | undefined;
  for (let index = 0; index < file.blockCount; index += 1) {
    if (blockSizeField(inodes, file, index) !== 0) continue;
    const offset = index * blockSizeBytes;
    const length = Math.min(blockSizeBytes, file.fileSize - offset);
    const last = holes?.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else (holes ??= []).push({ offset, length });
  }
  return holes;
}

/**
 * Streams a file's content, or a part of it, in order.
 * Memory: two runs of at most four blocks, compressed and unpacked.
 * @throws E_SQUASHFS_INVALID when a block is damaged
 */
export async function* streamFile(
  reader: BlockReader,
  inodes: MetadataTable,
  file: FileInode,
  range: FileRange = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = Math.min(range.offset ?? 0, file.fileSize);
  const end = Math.min(file.fileSize, start + (range.length ?? file.fileSize));
  if (start >= end) return;
  const { blockSizeBytes } = reader.source;
  const blocksEnd = file.blockCount * blockSizeBytes;
  if (start < blocksEnd) {
    let position = Math.floor(start / blockSizeBytes) * blockSizeBytes;
    for await (const block of streamBlocks(
      reader,
      blockRuns(inodes, file, blockSizeBytes, start, Math.min(end, blocksEnd)),
    )) {
      yield cut(block, position, start, end);
      position += block.length;
    }
  }
  if (end > blocksEnd) yield cut(await readTail(reader, file, blocksEnd), blocksEnd, start, end);
}

/** The part of a piece at `position` that lies in the asked range. */
function cut(piece: Uint8Array, position: number, start: number, end: number): Uint8Array {
  return piece.subarray(Math.max(0, start - position), Math.min(piece.length, end - position));
}

async function readTail(reader: BlockReader, file: FileInode, blocksEnd: number): Promise<Uint8Array> {
  if (file.fragmentIndex === undefined) return new Uint8Array();
  const fragment = await reader.fragment(file.fragmentIndex);
  const tail = fragment.subarray(file.fragmentOffset, file.fragmentOffset + file.fileSize - blocksEnd);
  if (tail.length === file.fileSize - blocksEnd) return tail;
  const { label } = reader.source.access;
  throw invalidImage(label, 0, `inode ${file.inodeNumber} has a tail that runs past fragment ${file.fragmentIndex}`);
}

/** Reads the next run while the consumer works on this one. */
async function* streamBlocks(
  reader: BlockReader,
  runs: Iterable<readonly BlockPlace[]>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let ahead: Promise<Uint8Array[]> | undefined;
  for (const run of runs) {
    const next = reader.readRun(run);
    // the failure is thrown when its turn comes; a consumer that stops early never asks for it
    next.catch(() => undefined);
    if (ahead !== undefined) yield* await ahead;
    ahead = next;
  }
  if (ahead !== undefined) yield* await ahead;
}

/** The blocks that hold bytes `start` to `end` of a file, in runs for one read each. */
function* blockRuns(
  inodes: MetadataTable,
  file: FileInode,
  blockSizeBytes: number,
  start: number,
  end: number,
): Generator<readonly BlockPlace[]> {
  const firstBlock = Math.floor(start / blockSizeBytes);
  const lastBlock = Math.ceil(end / blockSizeBytes);
  let address = file.blocksStart;
  let run: BlockPlace[] = [];
  let runBytes = 0;
  for (let index = 0; index < lastBlock; index += 1) {
    const sizeField = blockSizeField(inodes, file, index);
    const packedBytes = sizeField & DATA_SIZE_MASK;
    if (index >= firstBlock) {
      if (run.length >= RUN_BLOCKS || (run.length > 0 && runBytes + packedBytes > RUN_BYTES)) {
        yield run;
        run = [];
        runBytes = 0;
      }
      const contentBytes = Math.min(blockSizeBytes, file.fileSize - index * blockSizeBytes);
      run.push({ address, sizeField, contentBytes });
      runBytes += packedBytes;
    }
    address += packedBytes;
  }
  if (run.length > 0) yield run;
}
