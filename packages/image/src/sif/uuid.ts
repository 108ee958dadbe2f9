import { AppError } from "@repo2singularity/base";

/** The 36 characters of 16 bytes. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * The 16 bytes of a UUID.
 * @throws E_SIF_INVALID when the text is no UUID
 */
export function parseUuid(text: string): Uint8Array {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new AppError("E_SIF_INVALID", `"${text}" is no UUID`);
  }
  return new Uint8Array(Buffer.from(text.replaceAll("-", ""), "hex"));
}

/**
 * A UUID that depends on nothing but content, so that equal images have equal bytes.
 * @param digestHex a digest of the content, at least 32 hexadecimal digits, of which the first 32 are used
 * @returns a UUID of version 8 (free form) and the RFC 9562 variant
 * @throws E_SIF_INVALID when the digest is too short or not hexadecimal
 */
export function uuidFromContent(digestHex: string): string {
  if (!/^[0-9a-f]{32,}$/i.test(digestHex)) {
    throw new AppError("E_SIF_INVALID", `"${digestHex}" has no 32 hexadecimal digits to make a UUID of`);
  }
  const bytes = new Uint8Array(Buffer.from(digestHex.slice(0, 32), "hex"));
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatUuid(bytes);
}
