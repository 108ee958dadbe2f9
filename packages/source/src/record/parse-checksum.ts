import type { Checksum } from "../http/download-file.ts";

const digits = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;

/**
 * A checksum out of an algorithm's name in any spelling (`MD5`, `SHA-256`) and hexadecimal digits.
 * @returns undefined for algorithms that are not known and values that are none
 */
export function parseChecksum(algorithm: string, value: string): Checksum | undefined {
  const name = algorithm.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const hex = value.toLowerCase();
  if (name !== "md5" && name !== "sha1" && name !== "sha256" && name !== "sha512") return undefined;
  return /^[0-9a-f]+$/.test(hex) && hex.length === digits[name] ? { algorithm: name, hex } : undefined;
}

/** A checksum in the form `md5:HEX`. */
export function parsePrefixedChecksum(text: string | undefined): Checksum | undefined {
  const { algorithm, hex } = /^(?<algorithm>[^:]+):(?<hex>.+)$/.exec(text ?? "")?.groups ?? {};
  return algorithm === undefined || hex === undefined ? undefined : parseChecksum(algorithm, hex);
}
