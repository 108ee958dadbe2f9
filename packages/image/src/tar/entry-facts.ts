import type { EntryType } from "../tree/entry.ts";
import { decodeName } from "../tree/name-codec.ts";
import { normalizePath } from "../tree/normalize-path.ts";
import { invalidHeader, type TarHeader } from "./header.ts";
import { typeFlags } from "./layout.ts";
import { paxNumber, type PaxRecords } from "./pax.ts";

/** What headers before an entry say about it: global and local pax records, GNU's long names. */
export interface Extensions {
  readonly records: PaxRecords;
  readonly longName: Uint8Array | undefined;
  readonly longLink: Uint8Array | undefined;
}

/** An entry without its content. */
export interface EntryFacts {
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkTarget?: string;
  readonly device?: TarHeader["device"];
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** A header and its extensions as one entry. @throws E_TAR_INVALID, E_PATH_ESCAPE, E_TREE_INVALID */
export function entryFacts(header: TarHeader, extensions: Extensions): EntryFacts {
  const { records } = extensions;
  const record = (key: string): Uint8Array | undefined => (records.size === 0 ? undefined : records.get(key));
  const where = `tar archive, byte ${header.offset}`;
  const name = record("GNU.sparse.name") ?? record("path") ?? extensions.longName ?? header.name;
  const text = decodeName(name);
  const type = entryType(header, text);
  const path = normalizePath(text, where);
  if (path === "" && type !== "directory") throw invalidHeader(`a ${type} has no name`, header.offset);
  const facts: Writable<EntryFacts> = {
    path,
    type,
    mode: header.mode,
    uid: ownerNumber(record("uid"), header.uid, header.offset),
    gid: ownerNumber(record("gid"), header.gid, header.offset),
    mtimeSeconds: seconds(record("mtime"), header),
  };
  if (type === "symlink" || type === "hardlink") facts.linkTarget = linkTarget(type, header, extensions, where);
  if (type === "char" || type === "block") facts.device = deviceOf(header, records);
  const xattrs = records.size === 0 ? undefined : xattrsOf(records, header.offset);
  if (xattrs !== undefined) facts.xattrs = xattrs;
  return facts;
}

type Writable<Facts> = { -readonly [Key in keyof Facts]: Facts[Key] };

function entryType(header: TarHeader, path: string): EntryType {
  switch (header.typeFlag) {
    case typeFlags.directory:
    case typeFlags.gnuDumpDirectory:
      return "directory";
    case typeFlags.symlink:
      return "symlink";
    case typeFlags.hardlink:
      return "hardlink";
    case typeFlags.char:
      return "char";
    case typeFlags.block:
      return "block";
    case typeFlags.fifo:
      return "fifo";
    case typeFlags.gnuMultiVolume:
      throw invalidHeader("parts of multi-volume archives cannot be read", header.offset);
    case typeFlags.gnuSparse:
      return "file";
    default: // POSIX: an unknown type is read as a file; v7 marks directories by a slash only
      return header.typeFlag <= typeFlags.file && path.endsWith("/") ? "directory" : "file";
  }
}

function linkTarget(type: "symlink" | "hardlink", header: TarHeader, extensions: Extensions, where: string): string {
  const bytes = extensions.records.get("linkpath") ?? extensions.longLink ?? header.linkName;
  const text = decodeName(bytes);
  if (type === "hardlink") return normalizePath(text, where);
  if (text === "" || text.includes("\0")) throw invalidHeader("a symlink has no target or a NUL in it", header.offset);
  return text;
}

function ownerNumber(record: Uint8Array | undefined, field: number, offset: number): number {
  const value = record === undefined ? field : paxNumber(record, offset);
  if (value < 0 || value > 0xffff_ffff) throw invalidHeader(`the owner number ${value} is out of range`, offset);
  return value;
}

function seconds(record: Uint8Array | undefined, header: TarHeader): number {
  if (record === undefined) return header.mtimeSeconds;
  const text = Buffer.from(record).toString("latin1");
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw invalidHeader(`the time ${text} is no number`, header.offset);
  return value;
}

/** star and libarchive keep device numbers beyond 7 octal digits in pax records. */
function deviceOf(header: TarHeader, records: PaxRecords): TarHeader["device"] {
  const part = (key: string, field: number): number => {
    const record = records.get(key);
    const value = record === undefined ? field : paxNumber(record, header.offset);
    if (value < 0 || value > 0xffff_ffff) throw invalidHeader(`the device number ${value} is wrong`, header.offset);
    return value;
  };
  return {
    major: part("SCHILY.devmajor", header.device.major),
    minor: part("SCHILY.devminor", header.device.minor),
  };
}

const schilyPrefix = "SCHILY.xattr.";
const libarchivePrefix = "LIBARCHIVE.xattr.";

/** GNU tar and star write values as they are, libarchive writes both forms, older ones base64 only. */
function xattrsOf(records: PaxRecords, offset: number): Map<string, Uint8Array> | undefined {
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (key.startsWith(libarchivePrefix)) {
      xattrs.set(
        percentDecoded(key.slice(libarchivePrefix.length), offset),
        Buffer.from(Buffer.from(value).toString("latin1"), "base64"),
      );
    }
  }
  const context = records.get("RHT.security.selinux");
  if (context !== undefined) xattrs.set("security.selinux", context);
  for (const [key, value] of records) {
    if (key.startsWith(schilyPrefix)) xattrs.set(key.slice(schilyPrefix.length), value);
  }
  return xattrs.size === 0 ? undefined : xattrs;
}

function percentDecoded(name: string, offset: number): string {
  try {
    return decodeURIComponent(name);
  } catch (cause) {
    throw Object.assign(invalidHeader(`the xattr name ${name} is malformed`, offset), { cause });
  }
}
