import { AppError, formatSize } from "@repo2singularity/base";

/** What a source may bring when nothing else is said: 20 GiB downloaded, and as much unpacked. */
export const defaultMaxBytes: number = 20 * 2 ** 30;

/** Counts the bytes that all files of a source bring together. */
export class ByteBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Counts bytes that arrived; a negative number gives back those of a file that begins anew.
   * @throws E_LIMIT_EXCEEDED when they are too many
   */
  take(sizeBytes: number): void {
    this.#usedBytes += sizeBytes;
    if (this.#usedBytes > this.#maxBytes) throw tooLarge("the files", this.#maxBytes);
  }

  /** @throws E_LIMIT_EXCEEDED when files of announced sizes would be too many, before any is fetched */
  checkAnnounced(sizes: readonly (number | undefined)[]): void {
    const announcedBytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    if (this.#usedBytes + announcedBytes > this.#maxBytes) {
      throw tooLarge(`the files have ${formatSize(announcedBytes)} and`, this.#maxBytes);
    }
  }
}

function tooLarge(what: string, maxBytes: number): AppError {
  return new AppError("E_LIMIT_EXCEEDED", `${what} are above the limit of ${formatSize(maxBytes)}`, {
    hint: "raise sourceMaxSize in the configuration, or R2S_SOURCE_MAX_SIZE, such as 100G",
  });
}
