import type { RandomAccess } from "../../access/random-access.ts";
import { truncatedImage } from "./problems.ts";

/**
 * Reads a stretch of which every byte must be there.
 * @param length bytes; the caller bounds it, because all of it is held in memory
 * @param what the thing that is read, for the error: "the superblock"
 * @throws E_SQUASHFS_TRUNCATED when the source ends too early
 */
export async function readExactly(
  access: RandomAccess,
  offset: number,
  length: number,
  what: string,
): Promise<Uint8Array> {
  if (offset + length > access.sizeBytes) {
    throw truncatedImage(access.label, offset, what, length, Math.max(0, access.sizeBytes - offset));
  }
  const bytes = Buffer.allocUnsafeSlow(length);
  const found = await access.readInto(bytes, offset);
  if (found !== length) throw truncatedImage(access.label, offset, what, length, found);
  return bytes;
}

/** A view for the numbers in `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * A little-endian u64 as a number.
 * @returns exact below 2^53; larger values, such as "none", come out as Infinity
 */
export function readU64(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  if (high > 0x1f_ffff) return Number.POSITIVE_INFINITY;
  return high * 0x1_0000_0000 + view.getUint32(offset, true);
}
