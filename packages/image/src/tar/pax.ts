import { AppError } from "@repo2singularity/base";

/** The records of a pax header by key; values are bytes because paths and xattrs are. */
export type PaxRecords = Map<string, Uint8Array>;

/** GNU's sparse format 0.0 repeats two keys, which a map cannot hold: they are kept beside it, in order. */
export interface PaxHeader {
  readonly records: PaxRecords;
  readonly sparsePairs: readonly number[];
}

const newline = 0x0a;
const equalsSign = 0x3d;
const space = 0x20;

/**
 * The records `LENGTH KEY=VALUE\n` of a pax header's content.
 * @param offset of the content in the archive, for messages
 * @throws E_TAR_INVALID when a record is malformed
 */
export function parsePax(content: Uint8Array, offset: number): PaxHeader {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const records: PaxRecords = new Map();
  const sparsePairs: number[] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    const digitsEnd = bytes.indexOf(space, at);
    const digits = digitsEnd < 0 ? "" : bytes.toString("latin1", at, digitsEnd);
    const end = at + Number(digits);
    const equals = bytes.indexOf(equalsSign, digitsEnd);
    const isSound = /^[1-9][0-9]{0,14}$/.test(digits) && end <= bytes.length && bytes[end - 1] === newline;
    if (!isSound || equals < 0 || equals >= end) {
      throw new AppError("E_TAR_INVALID", `tar archive: malformed pax record at byte ${offset + at}`, {
        data: { offset: offset + at },
      });
    }
    const key = bytes.toString("utf8", digitsEnd + 1, equals);
    const value = Buffer.from(bytes.subarray(equals + 1, end - 1));
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") sparsePairs.push(paxNumber(value, offset + at));
    else records.set(key, value);
    at = end;
  }
  return { records, sparsePairs };
}

/**
 * A non-negative whole number of a pax record.
 * @throws E_TAR_INVALID when it is none, or beyond 2^53
 */
export function paxNumber(value: Uint8Array, offset: number): number {
  const text = Buffer.from(value).toString("latin1");
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new AppError("E_TAR_INVALID", `tar archive: ${JSON.stringify(text)} is no pax number, at byte ${offset}`, {
      data: { offset },
    });
  }
  return number;
}

/** One record with the length that counts itself. */
export function formatPaxRecord(key: string, value: Uint8Array): Buffer {
  const keyBytes = Buffer.from(key, "utf8");
  const rest = keyBytes.length + value.length + 3; // space, equals sign, newline
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), keyBytes, Buffer.from("="), value, Buffer.from("\n")]);
}
