import { NONE_U32 } from "../layout.ts";
import type { BlockOwner } from "./block-queue.ts";

/** Where a tail lies: inside a fragment block. */
export interface FragmentPlace {
  readonly fragmentIndex: number;
  /** Bytes inside the uncompressed fragment block. */
  readonly fragmentOffset: number;
}

/** A file without a tail. */
export const noFragment: FragmentPlace = { fragmentIndex: NONE_U32, fragmentOffset: 0 };

/** Where the content of one or several equal files lies; filled in while blocks are written. */
export class FileData implements BlockOwner {
  readonly sizeBytes: number;
  /** Size fields of the full blocks; 0 for blocks of zeros. */
  readonly blockSizes: number[];
  /** Bytes that blocks of zeros stand for. */
  sparseBytes = 0;
  fragment: FragmentPlace = noFragment;
  #start: number | undefined;

  constructor(sizeBytes: number, blockCount: number) {
    this.sizeBytes = sizeBytes;
    // most files are all tail; asking for no blocks should cost nothing
    this.blockSizes = blockCount === 0 ? [] : Array.from({ length: blockCount }, () => 0);
  }

  /** Address of the first stored block; 0 when there is none. */
  get blocksStart(): number {
    return this.#start ?? 0;
  }

  blockWritten(index: number, address: number, sizeField: number): void {
    this.#start ??= address;
    this.blockSizes[index] = sizeField;
  }

  /** Forgets where blocks were written that have been given up. */
  forgetBlocks(): void {
    this.#start = undefined;
    this.sparseBytes = 0;
    this.blockSizes.fill(0);
  }
}
