import { AppError } from "@repo2singularity/base";
import type { ByteSource } from "../files/byte-source.ts";
import type { EntryType } from "../tree/entry.ts";
import { entryFacts } from "./entry-facts.ts";
import { isZeroBlock } from "./header-numbers.ts";
import { parseHeader, type TarHeader } from "./header.ts";
import { paddedSize, TAR_BLOCK_BYTES, typeFlags } from "./layout.ts";
import { checkTarLimit, defaultTarLimits } from "./limits.ts";
import { parsePax, paxNumber, type PaxHeader } from "./pax.ts";

/** Where a member of a tar archive lies. */
export interface TarMember {
  readonly path: string;
  readonly type: EntryType;
  /** Of the content: bytes from the start of the archive. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Symlink: its text. Hardlink: path of the earlier member. */
  readonly linkTarget?: string;
}

/** An archive of archives has few members; one with more is read from front to back instead. */
const memberLimit = 100_000;

/**
 * The members of an uncompressed tar archive without reading their contents, for archives that hold large files
 * of which one is wanted (docker archives, OCI layouts). Sparse files are listed with their stored bytes.
 * @throws E_TAR_INVALID, E_TAR_TRUNCATED, E_PATH_ESCAPE; E_LIMIT_EXCEEDED above 100,000 members
 */
export async function indexTar(archive: ByteSource): Promise<readonly TarMember[]> {
  const members: TarMember[] = [];
  let pending: Pending = {};
  for (let offset = 0; ;) {
    const block = await readBlock(archive, offset, TAR_BLOCK_BYTES);
    if (isZeroBlock(block)) return members;
    const header = parseHeader(block, offset);
    const contentOffset = offset + TAR_BLOCK_BYTES;
    const extended = await readExtension(archive, header, pending);
    if (extended !== undefined) {
      pending = extended;
      offset = contentOffset + paddedSize(header.sizeBytes);
      continue;
    }
    const member = toMember(header, pending, contentOffset);
    members.push(member);
    checkTarLimit("entryCount", members.length, { ...defaultTarLimits, entryCount: memberLimit }, offset);
    pending = {};
    offset = contentOffset + paddedSize(member.sizeBytes);
    if (offset > archive.sizeBytes) throw truncated(offset, archive.sizeBytes);
  }
}

/** What headers before a member say of it. */
interface Pending {
  readonly pax?: PaxHeader;
  readonly longName?: Uint8Array;
  readonly longLink?: Uint8Array;
}

/** What is known after a header that describes the next one; `undefined` when it is a member of its own. */
async function readExtension(archive: ByteSource, header: TarHeader, pending: Pending): Promise<Pending | undefined> {
  const read = (): Promise<Uint8Array> => {
    checkTarLimit("extensionBytes", header.sizeBytes, defaultTarLimits, header.offset);
    return readBlock(archive, header.offset + TAR_BLOCK_BYTES, header.sizeBytes);
  };
  switch (header.typeFlag) {
    case typeFlags.paxLocal:
      return { ...pending, pax: parsePax(await read(), header.offset) };
    case typeFlags.gnuLongName:
      return { ...pending, longName: untilNul(await read()) };
    case typeFlags.gnuLongLink:
      return { ...pending, longLink: untilNul(await read()) };
    case typeFlags.paxGlobal: // times and comments in practice: nothing that an index needs
      return pending;
    default:
      return undefined;
  }
}

function toMember(header: TarHeader, pending: Pending, offset: number): TarMember {
  const records = pending.pax?.records ?? new Map<string, Uint8Array>();
  const facts = entryFacts(header, { records, longName: pending.longName, longLink: pending.longLink });
  const sizeRecord = records.get("size");
  const storedBytes = sizeRecord === undefined ? header.sizeBytes : paxNumber(sizeRecord, header.offset);
  return {
    path: facts.path,
    type: facts.type,
    offset,
    sizeBytes: facts.type === "file" ? storedBytes : 0,
    ...(facts.linkTarget !== undefined && { linkTarget: facts.linkTarget }),
  };
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

async function readBlock(archive: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  if (offset + length > archive.sizeBytes) throw truncated(offset + length, archive.sizeBytes);
  const parts: Uint8Array[] = [];
  for await (const part of archive.read(offset, length)) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

function truncated(expectedBytes: number, foundBytes: number): AppError {
  return new AppError(
    "E_TAR_TRUNCATED",
    `tar archive: reaches to byte ${expectedBytes} at least, it has ${foundBytes}`,
    {
      hint: "fetch or make the archive again",
      data: { offset: foundBytes },
    },
  );
}
