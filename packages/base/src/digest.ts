import { createHash } from "node:crypto";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** The sha256 of bytes or of the UTF-8 form of a text, as 64 hexadecimal digits. */
export function sha256Hex(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * JSON with the keys of every object sorted and no white space, so that equal values give equal text.
 * Values that JSON leaves out (`undefined`, functions) are left out here as well.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
