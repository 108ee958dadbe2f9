import type { BlobDigest } from "../names.ts";

/** Unpacked lists of extents, those of last use first to stay: a range of an image must not cost unpacking its list. */
export class ExtentsCache {
  readonly #lists = new Map<BlobDigest, Uint8Array>();
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number = 64 * 2 ** 20) {
    this.#limitBytes = limitBytes;
  }

  /** The list of a digest, unpacked when it is not at hand. */
  async get(digest: BlobDigest, unpack: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.#lists.get(digest);
    const list = known ?? (await unpack());
    this.#lists.delete(digest);
    this.#lists.set(digest, list);
    if (known === undefined) this.#usedBytes += list.length;
    for (const [oldest, { length }] of this.#lists) {
      if (this.#usedBytes <= this.#limitBytes || this.#lists.size === 1) break;
      this.#lists.delete(oldest);
      this.#usedBytes -= length;
    }
    return list;
  }
}
