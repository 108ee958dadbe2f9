import { Buffer } from "node:buffer";

const mib = 2 ** 20;

/**
 * How long a part of an upload is, in bytes: 8 MiB, and more for later parts, because an upload has at most 10,000:
 * they hold 496 GiB. Every part but the last has the length that its number says, so that any process can go on.
 * @param number of the part, from 1
 */
export function partSizeBytes(number: number): number {
  return 8 * mib * 2 ** Math.floor((number - 1) / 2_000);
}

/** Chunks that come, to be taken as parts. Memory: what was added and not yet taken. */
export class PartBuffer {
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
  }

  /** The first bytes, which stay. @param sizeBytes at most what there is */
  first(sizeBytes: number): Uint8Array {
    const whole = this.#chunks.length === 1 ? (this.#chunks[0] ?? new Uint8Array()) : Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole.subarray(0, sizeBytes);
  }

  /** Takes the first bytes. @param sizeBytes at most what there is */
  take(sizeBytes: number): Uint8Array {
    const taken = this.first(sizeBytes);
    this.#chunks = this.#chunks.map((whole) => whole.subarray(sizeBytes));
    this.#sizeBytes -= sizeBytes;
    return taken;
  }
}
