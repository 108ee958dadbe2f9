import type { RandomAccess } from "../../access/random-access.ts";
import { DATA_SIZE_MASK, DATA_STORED_FLAG } from "../layout.ts";
import type { BlockDecompressor } from "./decompress.ts";
import { invalidImage } from "./problems.ts";
import { readExactly } from "./read-exactly.ts";
import type { FragmentBlock } from "./tables.ts";

/** A compressed block in the image and what it must unpack to. */
export interface BlockPlace {
  readonly address: number;
  /** Size and stored flag as the image holds them; 0 is a block of zeros that takes no room. */
  readonly sizeField: number;
  /** Bytes that the block unpacks to. */
  readonly contentBytes: number;
}

/** What a {@link BlockReader} reads from. */
export interface BlockSource {
  readonly access: RandomAccess;
  readonly decompressor: BlockDecompressor;
  readonly blockSizeBytes: number;
  /** Address behind the last data block. */
  readonly dataEnd: number;
  readonly fragments: readonly FragmentBlock[];
}

/** Fragment blocks in memory: so many bytes, but at least four blocks. */
const FRAGMENT_CACHE_BYTES = 8 * 1_048_576;

/** Reads and unpacks data and fragment blocks; keeps the fragment blocks used last. */
export class BlockReader {
  readonly source: BlockSource;
  readonly #fragmentCache = new Map<number, Promise<Uint8Array>>();
  readonly #fragmentCacheSize: number;
  readonly #zeros: Uint8Array;

  constructor(source: BlockSource) {
    this.source = source;
    this.#fragmentCacheSize = Math.max(4, Math.floor(FRAGMENT_CACHE_BYTES / source.blockSizeBytes));
    this.#zeros = new Uint8Array(source.blockSizeBytes);
  }

  /**
   * Reads neighbouring blocks by one read and unpacks them at the same time.
   * @param places blocks that follow each other in the image
   * @returns their contents in order; blocks of zeros share one buffer, so nobody may change it
   * @throws E_SQUASHFS_INVALID when a block lies outside the data or unpacks to another size
   */
  async readRun(places: readonly BlockPlace[]): Promise<Uint8Array[]> {
    const first = places[0];
    if (first === undefined) return [];
    let packedBytes = 0;
    for (const place of places) packedBytes += this.#packedBytes(place);
    const packed = await readExactly(this.source.access, first.address, packedBytes, "a data block");
    return Promise.all(
      places.map((place) => {
        const start = place.address - first.address;
        return this.#unpack(place, packed.subarray(start, start + this.#packedBytes(place)));
      }),
    );
  }

  /**
   * The content of a fragment block, at most one block size long.
   * @throws E_SQUASHFS_INVALID when there is no such fragment or it does not decompress
   */
  fragment(index: number): Promise<Uint8Array> {
    const known = this.#fragmentCache.get(index);
    if (known !== undefined) {
      this.#fragmentCache.delete(index);
      this.#fragmentCache.set(index, known);
      return known;
    }
    const content = this.#readFragment(index);
    this.#fragmentCache.set(index, content);
    for (const oldest of this.#fragmentCache.keys()) {
      if (this.#fragmentCache.size <= this.#fragmentCacheSize) break;
      this.#fragmentCache.delete(oldest);
    }
    return content;
  }

  async #readFragment(index: number): Promise<Uint8Array> {
    const { access, fragments, blockSizeBytes } = this.source;
    const block = fragments[index];
    if (block === undefined) {
      throw invalidImage(access.label, 0, `a file uses fragment ${index}, the image has ${fragments.length}`);
    }
    const place = { address: block.start, sizeField: block.sizeField, contentBytes: blockSizeBytes };
    const packed = await readExactly(access, place.address, this.#packedBytes(place), "a fragment block");
    return this.#decompress(place, packed);
  }

  #packedBytes(place: BlockPlace): number {
    const { access, blockSizeBytes, dataEnd } = this.source;
    const size = place.sizeField & DATA_SIZE_MASK;
    if (size > blockSizeBytes || (place.sizeField & ~(DATA_SIZE_MASK | DATA_STORED_FLAG)) !== 0) {
      throw invalidImage(access.label, place.address, `a data block has the size field ${place.sizeField}`);
    }
    if (place.address + size > dataEnd) {
      throw invalidImage(access.label, place.address, `a data block of ${size} bytes lies outside the data`);
    }
    return size;
  }

  async #unpack(place: BlockPlace, packed: Uint8Array): Promise<Uint8Array> {
    if (place.sizeField === 0) return this.#zeros.subarray(0, place.contentBytes);
    const content = await this.#decompress(place, packed);
    if (content.length === place.contentBytes) return content;
    throw invalidImage(
      this.source.access.label,
      place.address,
      `a data block has ${content.length} bytes of content, expected ${place.contentBytes}`,
    );
  }

  async #decompress(place: BlockPlace, packed: Uint8Array): Promise<Uint8Array> {
    if ((place.sizeField & DATA_STORED_FLAG) !== 0) return packed;
    const { access, decompressor, blockSizeBytes } = this.source;
    try {
      return await decompressor.decompress(packed, blockSizeBytes);
    } catch (cause) {
      throw invalidImage(access.label, place.address, "a data block does not decompress", cause);
    }
  }
}
