import type { FileData } from "./file-data.ts";

/**
 * The contents that an image already holds, by sha256.
 * Memory: about 200 bytes a file.
 */
export class ContentIndex {
  readonly #bySha256 = new Map<string, FileData>();
  readonly #sizes = new Set<number>();

  /** What holds the content already. */
  find(sha256: string): FileData | undefined {
    return this.#bySha256.get(sha256);
  }

  /** Whether a content of this size is there, so that one that comes may be the same. */
  hasSize(sizeBytes: number): boolean {
    return this.#sizes.has(sizeBytes);
  }

  add(sha256: string, data: FileData): void {
    this.#bySha256.set(sha256, data);
    this.#sizes.add(data.sizeBytes);
  }

  /** Every content that was added, in that order. */
  entries(): IterableIterator<[sha256: string, data: FileData]> {
    return this.#bySha256.entries();
  }
}
