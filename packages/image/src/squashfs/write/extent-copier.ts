import { closeSync, openSync, readSync } from "node:fs";
import { DATA_SIZE_MASK } from "../layout.ts";
import type { CachedExtents } from "../extent-cache.ts";

/** Reads compressed blocks of finished images; keeps a few of them open. */
export class ExtentCopier {
  readonly #descriptors = new Map<string, number>();

  /**
   * Reads all stored blocks of a file.
   * @returns one piece for each size field, empty for blocks of zeros; undefined when the image cannot give them
   */
  read(extents: CachedExtents): readonly Uint8Array[] | undefined {
    const descriptor = this.#open(extents.imagePath);
    if (descriptor === undefined) return undefined;
    const sizes = extents.blockSizes.map((sizeField) => sizeField & DATA_SIZE_MASK);
    const bytes = Buffer.allocUnsafeSlow(sizes.reduce((sum, size) => sum + size, 0));
    if (readSync(descriptor, bytes, 0, bytes.length, extents.offset) !== bytes.length) return undefined;
    let at = 0;
    return sizes.map((size) => bytes.subarray(at, (at += size)));
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }

  #open(imagePath: string): number | undefined {
    const open = this.#descriptors.get(imagePath);
    if (open !== undefined) return open;
    try {
      const descriptor = openSync(imagePath, "r");
      if (this.#descriptors.size >= 64) this.close();
      this.#descriptors.set(imagePath, descriptor);
      return descriptor;
    } catch {
      return undefined; // collected since it was recorded: the file is compressed again
    }
  }
}
