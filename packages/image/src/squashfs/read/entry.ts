import { decodeName } from "../../tree/name-codec.ts";
import type { TreeEntry } from "../../tree/entry.ts";
import { decodeDevice } from "../layout.ts";
import type { BlockReader } from "./block-reader.ts";
import { fileHoles, streamFile } from "./file-content.ts";
import type { FileInode, Inode } from "./inode.ts";
import { invalidImage } from "./problems.ts";
import { idAt, type ImageTables } from "./tables.ts";

/** One entry of an image. Unlike with archives, content may be read at any time while the image is open. */
export interface SquashfsEntry extends TreeEntry {
  /** From 1; entries with the same number are names of one file. */
  readonly inodeNumber: number;
  /** Names of the inode, as the image states it. */
  readonly linkCount: number;
}

/** What entries are made from. */
export interface EntrySource {
  readonly tables: ImageTables;
  readonly reader: BlockReader;
}

/**
 * The entry for an inode.
 * @param path as in `TreeEntry`
 * @throws E_SQUASHFS_INVALID when the inode's owner or xattr index leads nowhere
 */
export function entryOf(source: EntrySource, inode: Inode, path: string): SquashfsEntry {
  const { tables, reader } = source;
  const { label } = reader.source.access;
  const xattrs = xattrsOf(source, inode);
  const common = {
    path,
    mode: inode.mode,
    uid: idAt(tables, inode.uidIndex, label),
    gid: idAt(tables, inode.gidIndex, label),
    mtimeSeconds: inode.mtimeSeconds,
    inodeNumber: inode.inodeNumber,
    linkCount: inode.linkCount,
    ...(xattrs === undefined ? {} : { xattrs }),
  };
  switch (inode.kind) {
    case "file":
      return { ...common, type: "file", sizeBytes: inode.fileSize, ...contentOf(source, inode) };
    case "symlink":
      return { ...common, type: "symlink", sizeBytes: 0, linkTarget: decodeName(inode.target) };
    case "char":
    case "block":
      return { ...common, type: inode.kind, sizeBytes: 0, device: decodeDevice(inode.device) };
    case "directory":
    case "fifo":
    case "socket":
      return { ...common, type: inode.kind, sizeBytes: 0 };
  }
}

function xattrsOf(source: EntrySource, inode: Inode): ReadonlyMap<string, Uint8Array> | undefined {
  if (inode.xattrIndex === undefined) return undefined;
  const { xattrs } = source.tables;
  if (xattrs === undefined) {
    const { label } = source.reader.source.access;
    throw invalidImage(label, 0, `inode ${inode.inodeNumber} has xattrs, the image has no xattr table`);
  }
  return xattrs.set(inode.xattrIndex);
}

function contentOf(source: EntrySource, file: FileInode): Pick<TreeEntry, "content"> {
  if (file.fileSize === 0) return {};
  const { tables, reader } = source;
  const holes = fileHoles(tables.inodes, file, reader.source.blockSizeBytes);
  return {
    content: { stream: () => streamFile(reader, tables.inodes, file), ...(holes === undefined ? {} : { holes }) },
  };
}
