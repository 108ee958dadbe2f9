import type { FileData } from "./file-data.ts";

/**
 * The contents that an image already holds, by digest.
 * Memory: about 200 bytes a file.
 */
export class ContentIndex {
  readonly #byDigest = new Map<string, FileData>();
  readonly #sizes = new Set<number>();

  /** What holds the content already. */
  find(digest: string): FileData | undefined {
    return this.#byDigest.get(digest);
  }

  /** Whether a content of this size is there, so that one that comes may be the same. */
  hasSize(sizeBytes: number): boolean {
    return this.#sizes.has(sizeBytes);
  }

  add(digest: string, data: FileData): void {
    this.#byDigest.set(digest, data);
    this.#sizes.add(data.sizeBytes);
  }

  /** Every content that was added, in that order. */
  entries(): IterableIterator<[digest: string, data: FileData]> {
    return this.#byDigest.entries();
  }
}
