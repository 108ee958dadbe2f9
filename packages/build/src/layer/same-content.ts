import { closeSync, openSync, readSync } from "node:fs";

const chunkSizeBytes = 256 * 1024;

/**
 * Whether two regular files of one size hold the same bytes; `false` when one of them may not be read.
 * Holds half a mebibyte.
 */
export function hasSameContent(one: string | Buffer, other: string | Buffer): boolean {
  const descriptors: number[] = [];
  try {
    for (const path of [one, other]) descriptors.push(openSync(path, "r"));
    const [first = -1, second = -1] = descriptors;
    const chunks = [Buffer.allocUnsafe(chunkSizeBytes), Buffer.allocUnsafe(chunkSizeBytes)] as const;
    for (;;) {
      const length = readSync(first, chunks[0], 0, chunkSizeBytes, null);
      const otherLength = readSync(second, chunks[1], 0, chunkSizeBytes, null);
      if (!chunks[0].subarray(0, length).equals(chunks[1].subarray(0, otherLength))) return false;
      if (length === 0) return true;
    }
  } catch {
    return false; // then the file is kept, which is always right
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}
