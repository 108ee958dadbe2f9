import { crc32, deflateRawSync } from "node:zlib";

/** A file of a zip archive to be made; the fields may lie. */
export interface ZipMember {
  /** Ends in a slash for a folder. */
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** Unix mode with the bits of the type; no Unix attributes when left out, as programs of Windows write. */
  readonly mode?: number;
  readonly isEncrypted?: boolean;
  /** What the directory announces instead of the content's size. */
  readonly claimedBytes?: number;
}

/**
 * Makes a zip archive, also such as no honest program would.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16
 */
export function makeZip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const name = Buffer.from(member.name);
    const content = Buffer.from(member.content ?? "");
    const packed = deflateRawSync(content, { level: 9 });
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(member.isEncrypted === true ? 1 : 0, 2);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(member.claimedBytes ?? content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE(((member.mode ?? 0) << 16) >>> 0, 6);
    attributes.writeUInt32LE(offset, 10);
    const madeBy = Buffer.from([20, member.mode === undefined ? 0 : 3]);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02", "latin1"), madeBy, facts, attributes, name]));
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), facts, name, packed]);
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}
