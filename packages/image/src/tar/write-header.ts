import type { TreeEntry } from "../tree/entry.ts";
import { encodeName, hasEscapedBytes } from "../tree/name-codec.ts";
import { headerChecksum, tryWriteOctal } from "./header-numbers.ts";
import { TAR_BLOCK_BYTES, USTAR_MAGIC, headerFields, paddedSize, typeFlags } from "./layout.ts";
import { formatPaxRecord } from "./pax.ts";

const typeFlagOf = {
  file: typeFlags.file,
  hardlink: typeFlags.hardlink,
  symlink: typeFlags.symlink,
  char: typeFlags.char,
  block: typeFlags.block,
  directory: typeFlags.directory,
  fifo: typeFlags.fifo,
} as const;

/** Entries that tar has a type for: all but sockets. */
export type ArchivableEntry = TreeEntry & { readonly type: keyof typeof typeFlagOf };

/** What a sparse entry says beside the rest (pax form 1.0). */
export interface SparseHeader {
  /** Bytes of the map and the stored ranges. */
  readonly storedSize: number;
}

/** The header blocks of an entry: ustar, with a pax header before it for what ustar cannot say. */
export function entryHeader(entry: ArchivableEntry, sparse: SparseHeader | undefined): Buffer {
  const records: Buffer[] = [];
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const storedSize = sparse?.storedSize ?? (entry.type === "file" ? entry.sizeBytes : 0);
  if (sparse !== undefined) records.push(...sparseRecords(entry));
  writePath(block, entry, sparse !== undefined, records);
  writeLink(block, entry, records);
  writeField(block, "mode", entry.mode);
  numberField(block, "uid", entry.uid, records, "uid");
  numberField(block, "gid", entry.gid, records, "gid");
  numberField(block, "size", storedSize, records, "size");
  numberField(block, "mtime", entry.mtimeSeconds, records, "mtime");
  block.write(typeFlagOf[entry.type], headerFields.typeFlag[0], "latin1");
  if (entry.type === "char" || entry.type === "block") {
    numberField(block, "deviceMajor", entry.device?.major ?? 0, records, "SCHILY.devmajor");
    numberField(block, "deviceMinor", entry.device?.minor ?? 0, records, "SCHILY.devminor");
  }
  for (const [name, value] of entry.xattrs ?? []) records.push(formatPaxRecord(`SCHILY.xattr.${name}`, value));
  finishHeader(block);
  return records.length === 0 ? block : Buffer.concat([paxBlocks(records, entry), block]);
}

function sparseRecords(entry: TreeEntry): Buffer[] {
  return [
    formatPaxRecord("GNU.sparse.major", Buffer.from("1")),
    formatPaxRecord("GNU.sparse.minor", Buffer.from("0")),
    formatPaxRecord("GNU.sparse.name", encodeName(entry.path)),
    formatPaxRecord("GNU.sparse.realsize", Buffer.from(String(entry.sizeBytes))),
  ];
}

function writePath(block: Buffer, entry: TreeEntry, isSparse: boolean, records: Buffer[]): void {
  const slash = entry.type === "directory" ? "/" : "";
  const bytes = encodeName(entry.path === "" ? "./" : `${entry.path}${slash}`);
  if (isAscii(bytes) && writeSplitPath(block, bytes)) return;
  if (!isSparse) addText(records, "path", bytes, `${entry.path}${slash}`);
  block.set(bytes.subarray(0, headerFields.name[1]), headerFields.name[0]);
}

/** ustar has 100 bytes for the name and 155 for what stands before one of its slashes. */
function writeSplitPath(block: Buffer, bytes: Buffer): boolean {
  const [nameStart, nameBytes] = headerFields.name;
  const [prefixStart, prefixBytes] = headerFields.prefix;
  if (bytes.length <= nameBytes) {
    block.set(bytes, nameStart);
    return true;
  }
  const slash = bytes.indexOf("/", bytes.length - nameBytes - 1);
  if (slash <= 0 || slash > prefixBytes || slash === bytes.length - 1) return false;
  block.set(bytes.subarray(0, slash), prefixStart);
  block.set(bytes.subarray(slash + 1), nameStart);
  return true;
}

function writeLink(block: Buffer, entry: TreeEntry, records: Buffer[]): void {
  if (entry.linkTarget === undefined) return;
  const bytes = encodeName(entry.linkTarget);
  const [start, sizeBytes] = headerFields.linkName;
  if (bytes.length > sizeBytes || !isAscii(bytes)) addText(records, "linkpath", bytes, entry.linkTarget);
  block.set(bytes.subarray(0, sizeBytes), start);
}

/** Text that is not UTF-8 needs POSIX's mark that a header's texts are plain bytes. */
function addText(records: Buffer[], key: string, bytes: Buffer, text: string): void {
  if (hasEscapedBytes(text)) records.push(formatPaxRecord("hdrcharset", Buffer.from("BINARY")));
  records.push(formatPaxRecord(key, bytes));
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function numberField(
  block: Buffer,
  field: keyof typeof headerFields,
  value: number,
  records: Buffer[],
  key: string,
): void {
  if (writeField(block, field, value)) return;
  records.push(formatPaxRecord(key, Buffer.from(decimal(value))));
  writeField(block, field, 0);
}

/** Fractions to the nanosecond, without an exponent. */
function decimal(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(9).replace(/0+$/, "");
}

function writeField(block: Buffer, field: keyof typeof headerFields, value: number): boolean {
  const [offset, sizeBytes] = headerFields[field];
  return tryWriteOctal(block, offset, sizeBytes, value);
}

function finishHeader(block: Buffer): void {
  block.write(USTAR_MAGIC, headerFields.magic[0], "latin1");
  block.write("00", headerFields.version[0], "latin1");
  block.write(`${headerChecksum(block).toString(8).padStart(6, "0")}\0 `, headerFields.checksum[0], "latin1");
}

/** A pax header with its records, padded. */
function paxBlocks(records: readonly Buffer[], entry: TreeEntry): Buffer {
  const content = Buffer.concat(records);
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const name = Buffer.concat([Buffer.from("PaxHeaders/"), encodeName(entry.path)]).subarray(0, headerFields.name[1]);
  block.set(name, headerFields.name[0]);
  writeField(block, "mode", 0o644);
  writeField(block, "uid", 0);
  writeField(block, "gid", 0);
  writeField(block, "size", content.length);
  writeField(block, "mtime", 0);
  block.write(typeFlags.paxLocal, headerFields.typeFlag[0], "latin1");
  finishHeader(block);
  return Buffer.concat([block, content, Buffer.alloc(paddedSize(content.length) - content.length)]);
}
