/** Longer than any line of a chunk's size with its extensions, or of all trailers. */
const lineLimitBytes = 8192;

/** What is known between two pieces of a chunked body. */
type Place = { readonly kind: "size" | "trailer" } | { readonly kind: "data"; readonly leftBytes: number };

/**
 * Takes the framing off a chunked body, piece by piece as it arrives.
 * Source: RFC 9112, section 7.1
 */
export class ChunkedDecoder {
  #place: Place = { kind: "size" };
  #line = "";
  #isEnded = false;

  /** Whether the last chunk and its trailers have been read. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * @param bytes what came next
   * @returns the content in it, as views of `bytes`
   * @throws Error when it is no chunked body, or something follows its end
   */
  push(bytes: Buffer): Buffer[] {
    const found: Buffer[] = [];
    let position = 0;
    while (position < bytes.length) {
      if (this.#isEnded) throw new Error("bytes follow the end of a chunked body");
      if (this.#place.kind === "data" && this.#place.leftBytes > 0) {
        const part = bytes.subarray(position, position + this.#place.leftBytes);
        found.push(part);
        position += part.length;
        this.#place = { kind: "data", leftBytes: this.#place.leftBytes - part.length };
      } else {
        position = this.#readLine(bytes, position);
      }
    }
    return found;
  }

  /** Gathers a line, which may come in several pieces, and acts on it when it is whole. */
  #readLine(bytes: Buffer, position: number): number {
    const end = bytes.indexOf(10, position);
    const stop = end < 0 ? bytes.length : end + 1;
    this.#line += bytes.toString("latin1", position, stop);
    if (this.#line.length > lineLimitBytes) throw new Error("a line of a chunked body is too long");
    if (end < 0) return stop;
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r\n")) throw new Error("a line of a chunked body ends without a carriage return");
    this.#place = this.#after(line.slice(0, -2));
    return stop;
  }

  #after(line: string): Place {
    switch (this.#place.kind) {
      case "data":
        if (line !== "") throw new Error("a chunk is longer than it was said to be");
        return { kind: "size" };
      case "size": {
        const [, digits] = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line) ?? [];
        if (digits === undefined) throw new Error(`a chunk has the size "${line.slice(0, 60)}"`);
        const leftBytes = Number.parseInt(digits, 16);
        return leftBytes === 0 ? { kind: "trailer" } : { kind: "data", leftBytes };
      }
      case "trailer":
        this.#isEnded = line === "";
        return this.#place;
    }
  }
}
