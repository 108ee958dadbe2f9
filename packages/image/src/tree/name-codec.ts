import { isUtf8 } from "node:buffer";

/** Byte 0x80 + n that is not part of valid UTF-8 stands as U+DC80 + n, a code unit that UTF-8 never gives. */
const escapeBase = 0xdc00;
// oxlint-disable-next-line no-control-regex -- the test is for the ASCII range
const asciiOnly = /^[\u0000-\u007f]*$/;

/**
 * A name's bytes as a string that {@link encodeName} turns back into the same bytes.
 *
 * Valid UTF-8 reads as usual; any other byte 0x80 + n becomes U+DC80 + n (Python's "surrogateescape").
 */
export function decodeName(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString("utf8") : decodeEscaped(buffer);
}

function decodeEscaped(buffer: Buffer): string {
  let text = "";
  let at = 0;
  while (at < buffer.length) {
    const length = sequenceLength(buffer, at);
    if (length > 0) text += buffer.toString("utf8", at, at + length);
    else text += String.fromCharCode(escapeBase + (buffer[at] ?? 0));
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the valid UTF-8 sequence at a position; 0 when there is none. */
function sequenceLength(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > buffer.length) return 0;
  return isUtf8(buffer.subarray(at, at + length)) ? length : 0;
}

/** The bytes that a string from {@link decodeName} stands for. */
export function encodeName(name: string): Buffer {
  if (asciiOnly.test(name)) return Buffer.from(name, "latin1");
  if (name.isWellFormed()) return Buffer.from(name, "utf8");
  const parts: Buffer[] = [];
  for (const character of name) {
    const code = character.charCodeAt(0);
    const isEscape = character.length === 1 && code >= escapeBase + 0x80 && code <= escapeBase + 0xff;
    parts.push(isEscape ? Buffer.of(code - escapeBase) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

/** Whether a name holds bytes that are not UTF-8. */
export function hasEscapedBytes(name: string): boolean {
  return !name.isWellFormed();
}

const firstSurrogate = 0xd800;

/** Orders names by their bytes, as squashfs directories and sorted archives want them. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
  // below the surrogates, code units have the order of their bytes in UTF-8
  if (left < firstSurrogate && right < firstSurrogate) return left - right;
  return Buffer.compare(encodeName(a), encodeName(b));
}

/**
 * Where an entry lies under a folder of this host.
 * @param root the folder, without trailing slash
 * @param path as in a `TreeEntry`
 * @returns a string where that is exact, else bytes; both are what `node:fs` takes
 */
export function hostPath(root: string, path: string): string | Buffer {
  if (path === "") return root;
  const joined = `${root}/${path}`;
  return hasEscapedBytes(path) ? Buffer.concat([Buffer.from(`${root}/`), encodeName(path)]) : joined;
}
