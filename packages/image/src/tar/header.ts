import { AppError } from "@repo2singularity/base";
import type { DeviceNumber } from "../tree/entry.ts";
import { hasValidChecksum, tryParseNumber } from "./header-numbers.ts";
import { GNU_MAGIC, USTAR_MAGIC, headerFields } from "./layout.ts";

/** The fields of one header block, before pax records and long names change them. */
export interface TarHeader {
  /** Bytes from the start of the archive. */
  readonly offset: number;
  readonly typeFlag: string;
  readonly name: Uint8Array;
  readonly linkName: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly device: DeviceNumber;
  /** `v7` has neither prefix nor devices; `gnu` has its own fields where ustar has the prefix. */
  readonly form: "v7" | "ustar" | "gnu";
  /** The block itself, for the fields of GNU's sparse form; valid until more is read. */
  readonly block: Uint8Array;
}

/**
 * Reads a header block.
 * @param block 512 bytes
 * @param offset where it lies in the archive, for messages
 * @throws E_TAR_INVALID when the checksum or a number is wrong
 */
export function parseHeader(block: Uint8Array, offset: number): TarHeader {
  if (!hasValidChecksum(block)) throw invalidHeader("the checksum of the header is wrong", offset);
  const form = headerForm(block);
  const number = (field: keyof typeof headerFields): number => {
    const [start, length] = headerFields[field];
    const value = tryParseNumber(block, start, length);
    if (value === undefined) throw invalidHeader(`the field ${field} of the header is no number`, offset);
    return value;
  };
  const sizeBytes = number("size");
  if (sizeBytes < 0) throw invalidHeader(`the size ${sizeBytes} is negative`, offset);
  return {
    offset,
    typeFlag: String.fromCharCode(block[headerFields.typeFlag[0]] ?? 0),
    name: joinPrefix(form === "ustar" ? textField(block, "prefix") : undefined, textField(block, "name")),
    linkName: textField(block, "linkName"),
    mode: number("mode") & 0o7777,
    uid: number("uid"),
    gid: number("gid"),
    sizeBytes,
    mtimeSeconds: number("mtime"),
    device: form === "v7" ? { major: 0, minor: 0 } : { major: number("deviceMajor"), minor: number("deviceMinor") },
    form,
    block,
  };
}

/** The error for a header that cannot be read. */
export function invalidHeader(problem: string, offset: number): AppError {
  return new AppError("E_TAR_INVALID", `tar archive: ${problem}, at byte ${offset}`, { data: { offset } });
}

function headerForm(block: Uint8Array): TarHeader["form"] {
  const [offset, sizeBytes] = headerFields.magic;
  const isMagic = (text: string): boolean => {
    for (let at = 0; at < sizeBytes; at++) if (block[offset + at] !== text.charCodeAt(at)) return false;
    return true;
  };
  return isMagic(USTAR_MAGIC) ? "ustar" : isMagic(GNU_MAGIC) ? "gnu" : "v7";
}

/** A copy of a field up to its first NUL: the block's memory may be reused by the source. */
function textField(block: Uint8Array, field: keyof typeof headerFields): Uint8Array {
  const [offset, sizeBytes] = headerFields[field];
  let end = offset;
  while (end < offset + sizeBytes && block[end] !== 0) end++;
  return Uint8Array.prototype.slice.call(block, offset, end);
}

function joinPrefix(prefix: Uint8Array | undefined, name: Uint8Array): Uint8Array {
  if (prefix === undefined || prefix.length === 0) return name;
  return Buffer.concat([prefix, Buffer.from("/"), name]);
}
