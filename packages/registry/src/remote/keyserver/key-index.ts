/** A key as a key server lists it. */
export interface ListedKey {
  /** 40 hexadecimal digits, or fewer where the server gives a key id only; lower case. */
  readonly fingerprint: string;
  /** By RFC 9580's number; undefined when the server does not say. */
  readonly algorithm: number | undefined;
  readonly bits: number | undefined;
  readonly createdSeconds: number | undefined;
  /** Whether the server says that it was revoked, disabled or has expired. */
  readonly isUnusable: boolean;
  readonly userIds: readonly string[];
}

/**
 * Parses the machine-readable index of a key server: a line for each key, its user ids below.
 * Lines of other kinds are left out. Source: draft-shaw-openpgp-hkp-00, section 5.2
 */
export function parseKeyIndex(text: string): readonly ListedKey[] {
  const keys: ListedKey[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [kind, ...fields] = line.split(":");
    const [first = ""] = fields;
    if (kind === "pub" && /^[0-9a-fA-F]{8,64}$/.test(first)) {
      const [, algorithm, bits, created, , flags = ""] = fields;
      keys.push({
        fingerprint: first.toLowerCase(),
        algorithm: tryParseCount(algorithm),
        bits: tryParseCount(bits),
        createdSeconds: tryParseCount(created),
        isUnusable: /[rde]/.test(flags),
        userIds: [],
      });
    }
    const current = keys.at(-1);
    if (kind === "uid" && current !== undefined) {
      keys[keys.length - 1] = { ...current, userIds: [...current.userIds, unescape(first)] };
    }
  }
  return keys;
}

function tryParseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not escaped, with a lone percent sign
  }
}
