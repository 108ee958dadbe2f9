/** Keeps the last characters of a stream of text chunks. Memory: twice the limit. */
export class Tail {
  readonly #limit: number;
  #chunks: string[] = [];
  #length = 0;

  /** @param limit characters that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: string): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length > 2 * this.#limit) {
      this.#chunks = [this.text()];
      this.#length = this.#chunks[0]?.length ?? 0;
    }
  }

  /** The last characters, at most as many as the limit. */
  text(): string {
    return this.#chunks.join("").slice(-this.#limit);
  }
}
