/**
 * A number field of a header: octal text, or GNU's base-256 when the first bit is set.
 * @returns undefined when the field is neither, or its value is beyond 2^53
 */
export function tryParseNumber(block: Uint8Array, offset: number, sizeBytes: number): number | undefined {
  const first = block[offset] ?? 0;
  return (first & 0x80) === 0 ? parseOctal(block, offset, sizeBytes) : parseBase256(block, offset, sizeBytes);
}

function parseOctal(block: Uint8Array, offset: number, sizeBytes: number): number | undefined {
  const end = offset + sizeBytes;
  let at = offset;
  while (at < end && block[at] === 0x20) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) {
    const byte = block[at] ?? 0;
    if (byte === 0) break; // what follows a NUL is left to producers that do not clear their buffers
    if (byte !== 0x20) return undefined;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

/** Big-endian two's complement; the very first bit only marks the form. */
function parseBase256(block: Uint8Array, offset: number, sizeBytes: number): number | undefined {
  const first = block[offset] ?? 0;
  const isNegative = (first & 0x40) !== 0;
  let value = isNegative ? (first | 0x80) - 0x100 : first & 0x7f;
  for (let at = offset + 1; at < offset + sizeBytes; at++) {
    value = value * 256 + (block[at] ?? 0);
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return value;
}

/**
 * Writes an octal number with a closing NUL.
 * @returns false, with nothing written, when the number is negative, no integer, or has too many digits
 */
export function tryWriteOctal(block: Buffer, offset: number, sizeBytes: number, value: number): boolean {
  if (value < 0 || !Number.isInteger(value)) return false;
  const digits = value.toString(8);
  if (digits.length > sizeBytes - 1) return false;
  block.write(`${digits.padStart(sizeBytes - 1, "0")}\0`, offset, "latin1");
  return true;
}

/** The sum of a header's bytes with the checksum field counted as spaces, unsigned. */
export function headerChecksum(block: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < 148; at++) sum += block[at] ?? 0;
  for (let at = 156; at < 512; at++) sum += block[at] ?? 0;
  return sum + 8 * 0x20;
}

/** Whether a header's checksum is right, also by the signed sum that some old programs wrote. */
export function hasValidChecksum(block: Uint8Array): boolean {
  const stated = tryParseNumber(block, 148, 8);
  if (stated === undefined) return false;
  const unsigned = headerChecksum(block);
  if (stated === unsigned) return true;
  let highBytes = 0;
  for (let at = 0; at < 512; at++) if ((at < 148 || at >= 156) && (block[at] ?? 0) >= 0x80) highBytes++;
  return stated === unsigned - 256 * highBytes;
}

/** Whether all bytes of a block are zero. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}
