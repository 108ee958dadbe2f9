import type { BlockOwner, BlockQueue } from "./block-queue.ts";
import { contentKindCount } from "./content-kind.ts";
import type { FragmentPlace } from "./file-data.ts";

/** One row of the fragment table. */
export interface FragmentRow {
  readonly address: number;
  readonly sizeField: number;
}

interface OpenFragment {
  readonly index: number;
  filled: number;
  readonly bytes: Buffer;
}

/**
 * Packs small files and tails of large ones into shared blocks, one open block for each kind of content.
 * Memory: eight blocks.
 */
export class FragmentPacker implements BlockOwner {
  readonly #queue: BlockQueue;
  readonly #blockSizeBytes: number;
  readonly #open: (OpenFragment | undefined)[];
  readonly #rows: (FragmentRow | undefined)[] = [];

  constructor(queue: BlockQueue, blockSizeBytes: number) {
    this.#queue = queue;
    this.#blockSizeBytes = blockSizeBytes;
    this.#open = Array.from({ length: contentKindCount });
  }

  /** The table, complete when the queue is drained after {@link finish}. */
  get rows(): readonly (FragmentRow | undefined)[] {
    return this.#rows;
  }

  /**
   * Puts bytes into a fragment block.
   * @param tail at least one byte, less than a block
   * @param kind see `contentKind`
   */
  async add(tail: Uint8Array, kind: number): Promise<FragmentPlace> {
    if (!this.#queue.hasRoom) await this.#queue.makeRoom();
    return this.addNow(tail, kind);
  }

  /** As {@link add}; the queue must have room for a block. */
  addNow(tail: Uint8Array, kind: number): FragmentPlace {
    let fragment = this.#open[kind];
    if (fragment !== undefined && fragment.filled + tail.length > this.#blockSizeBytes) {
      this.#close(fragment);
      fragment = undefined;
    }
    fragment ??= this.#openFragment(kind);
    const fragmentOffset = fragment.filled;
    fragment.bytes.set(tail, fragmentOffset);
    fragment.filled += tail.length;
    return { fragmentIndex: fragment.index, fragmentOffset };
  }

  /** Stages the blocks that are still open. */
  async finish(): Promise<void> {
    for (const fragment of this.#open) {
      if (!this.#queue.hasRoom) await this.#queue.makeRoom();
      if (fragment !== undefined) this.#close(fragment);
    }
    this.#open.fill(undefined);
  }

  blockWritten(index: number, address: number, sizeField: number): void {
    this.#rows[index] = { address, sizeField };
  }

  #openFragment(kind: number): OpenFragment {
    const earlier = this.#open[kind];
    const bytes = earlier?.bytes ?? Buffer.allocUnsafeSlow(this.#blockSizeBytes);
    const fragment = { index: this.#rows.length, filled: 0, bytes };
    this.#rows.push(undefined);
    this.#open[kind] = fragment;
    return fragment;
  }

  #close(fragment: OpenFragment): void {
    this.#queue.slot().set(fragment.bytes.subarray(0, fragment.filled));
    this.#queue.stage(fragment.filled, this, fragment.index);
    this.#queue.publish();
  }
}
