import { AppError } from "@repo2singularity/base";

/** A signed 64-bit field that must be a count, size or offset. */
export function readCount(view: DataView, offset: number, what: string, baseOffset: number): number {
  const value = view.getBigInt64(offset, true);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new AppError("E_SIF_INVALID", `${what} at byte ${baseOffset + offset} is ${value}: not a possible value`);
  }
  return Number(value);
}

/** A signed 64-bit field that may have any value, such as a time; values past 2^53 are refused. */
export function readSigned(view: DataView, offset: number, what: string, baseOffset: number): number {
  const value = view.getBigInt64(offset, true);
  if (value < BigInt(Number.MIN_SAFE_INTEGER) || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new AppError("E_SIF_INVALID", `${what} at byte ${baseOffset + offset} is ${value}: not a possible value`);
  }
  return Number(value);
}

/** Writes a 64-bit field. */
export function writeInteger(view: DataView, offset: number, value: number): void {
  view.setBigInt64(offset, BigInt(value), true);
}

/** The bytes of a fixed field up to its first NUL, as text; bytes that are no UTF-8 become U+FFFD. */
export function readText(bytes: Uint8Array, offset: number, sizeBytes: number): string {
  const field = bytes.subarray(offset, offset + sizeBytes);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/**
 * Writes a text into a fixed field, NUL padded.
 * @throws E_SIF_INVALID when the text does not leave room for a NUL
 */
export function writeText(bytes: Uint8Array, field: { offset: number; sizeBytes: number }, text: string): void {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length >= field.sizeBytes) {
    throw new AppError(
      "E_SIF_INVALID",
      `"${text}" has ${encoded.length} bytes, the SIF field holds at most ${field.sizeBytes - 1}`,
    );
  }
  bytes.set(encoded, field.offset);
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
