/** A stretch of a layer's data that is kept, and where it comes to lie. */
export interface PlacedRange {
  /** Bytes from the layer's start. */
  readonly from: number;
  readonly length: number;
  /** Bytes from the composed image's start. */
  readonly to: number;
}

/** Collects the stretches of a layer that surviving files use. Memory: 16 bytes a stretch. */
export class ExtentCollector {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** @param length bytes; nothing is collected for 0 */
  add(start: number, length: number): void {
    if (length === 0) return;
    this.#starts.push(start);
    this.#ends.push(start + length);
  }

  /**
   * Joins what overlaps or touches and lays the rest out without gaps.
   * @param to where the first stretch comes to lie
   */
  place(to: number): ExtentMap {
    // starts and ends sorted apart give the same union as sorted pairs, and sort without a comparison function
    const starts = Float64Array.from(this.#starts).sort();
    const ends = Float64Array.from(this.#ends).sort();
    const ranges: PlacedRange[] = [];
    let from = 0;
    let closed = 0;
    let position = to;
    for (const [opened, start] of starts.entries()) {
      if (opened === closed) from = start;
      // every stretch that ends before the next one begins is closed; touching ones stay open
      const next = starts[opened + 1] ?? Number.POSITIVE_INFINITY;
      while (closed <= opened && (ends[closed] ?? 0) < next) closed += 1;
      if (closed <= opened) continue;
      const length = (ends[opened] ?? 0) - from;
      ranges.push({ from, length, to: position });
      position += length;
    }
    return new ExtentMap(ranges, position);
  }
}

/** Where the kept stretches of one layer come to lie. */
export class ExtentMap {
  /** In the order of the layer, and of the composed image. */
  readonly ranges: readonly PlacedRange[];
  /** Address in the composed image behind the last of them. */
  readonly end: number;

  constructor(ranges: readonly PlacedRange[], end: number) {
    this.ranges = ranges;
    this.end = end;
  }

  /**
   * The address in the composed image of a kept byte.
   * @param address bytes from the layer's start; inside one of the ranges
   */
  moved(address: number): number {
    let low = 0;
    let high = this.ranges.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.ranges[middle]?.from ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    const range = this.ranges[low];
    return range === undefined ? address : address - range.from + range.to;
  }
}
