import {
  BLOCK_SIZE_FIELD_BYTES,
  deviceInodeLayout,
  directoryInodeLayout,
  EXTENDED_INODE_OFFSET,
  extendedDeviceInodeLayout,
  extendedDirectoryInodeLayout,
  extendedFileInodeLayout,
  extendedIpcInodeLayout,
  fileInodeLayout,
  inodeHeaderLayout as header,
  inodeTypes,
  ipcInodeLayout,
  LISTING_SIZE_EXTRA,
  MAX_SYMLINK_BYTES,
  NONE_U32,
  symlinkInodeLayout,
  XATTR_INDEX_BYTES,
} from "../layout.ts";
import type { MetadataTable } from "./metadata-table.ts";
import { readU64 } from "./read-exactly.ts";

/** What every inode has. `xattrIndex` is `undefined` for "no xattrs". */
export interface InodeHeader {
  /** Basic type as in `inodeTypes`, also for extended inodes. */
  readonly type: number;
  readonly mode: number;
  readonly uidIndex: number;
  readonly gidIndex: number;
  readonly mtimeSeconds: number;
  readonly inodeNumber: number;
  readonly linkCount: number;
  readonly xattrIndex: number | undefined;
}

export interface DirectoryInode extends InodeHeader {
  readonly kind: "directory";
  /** Offset of the listing's metadata block from the directory table's start. */
  readonly listingBlock: number;
  readonly listingOffset: number;
  /** Bytes of the listing; 0 for an empty directory. */
  readonly listingBytes: number;
  readonly parentInodeNumber: number;
}

export interface FileInode extends InodeHeader {
  readonly kind: "file";
  /** Address of the first data block. */
  readonly blocksStart: number;
  readonly fileSize: number;
  readonly sparseBytes: number;
  /** `undefined` when the file has no tail in a fragment. */
  readonly fragmentIndex: number | undefined;
  readonly fragmentOffset: number;
  /** Number of block size fields. */
  readonly blockCount: number;
  /** Position of the block size fields in the inode table. */
  readonly blockSizesPosition: number;
}

export interface SymlinkInode extends InodeHeader {
  readonly kind: "symlink";
  readonly target: Uint8Array;
}

export interface DeviceInode extends InodeHeader {
  readonly kind: "block" | "char";
  /** As `decodeDevice` of the layout takes it. */
  readonly device: number;
}

export interface IpcInode extends InodeHeader {
  readonly kind: "fifo" | "socket";
}

export type Inode = DirectoryInode | FileInode | SymlinkInode | DeviceInode | IpcInode;

/**
 * Decodes the inode at a position of the uncompressed inode table.
 * @param position as `table.positionOf` gives it
 * @throws E_SQUASHFS_INVALID when the type is unknown or the table ends inside the inode
 * Source: squashfs 4.0 format, "inode table"
 */
export function decodeInode(table: MetadataTable, position: number, blockSizeBytes: number): Inode {
  table.need(position, header.sizeBytes, "an inode");
  const type = table.view.getUint16(position + header.type, true);
  const isExtended = type > EXTENDED_INODE_OFFSET;
  switch (isExtended ? type - EXTENDED_INODE_OFFSET : type) {
    case inodeTypes.directory:
      return isExtended ? decodeExtendedDirectory(table, position) : decodeDirectory(table, position);
    case inodeTypes.file:
      return isExtended
        ? decodeExtendedFile(table, position, blockSizeBytes)
        : decodeFile(table, position, blockSizeBytes);
    case inodeTypes.symlink:
      return decodeSymlink(table, position, isExtended);
    case inodeTypes.block:
      return decodeDevice(table, position, "block", isExtended);
    case inodeTypes.char:
      return decodeDevice(table, position, "char", isExtended);
    case inodeTypes.fifo:
      return decodeIpc(table, position, "fifo", isExtended);
    case inodeTypes.socket:
      return decodeIpc(table, position, "socket", isExtended);
    default:
      throw table.invalid(0, `inode at position ${position} has the unknown type ${type}`);
  }
}

function decodeHeader(
  table: MetadataTable,
  position: number,
  linkCount: number,
  xattrIndex: number = NONE_U32,
): InodeHeader {
  const { view } = table;
  const type = view.getUint16(position + header.type, true);
  return {
    type: type > EXTENDED_INODE_OFFSET ? type - EXTENDED_INODE_OFFSET : type,
    mode: view.getUint16(position + header.mode, true) & 0o7777,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount,
    xattrIndex: xattrIndex === NONE_U32 ? undefined : xattrIndex,
  };
}

function decodeDirectory(table: MetadataTable, position: number): DirectoryInode {
  const layout = directoryInodeLayout;
  table.need(position, layout.sizeBytes, "a directory inode");
  const { view } = table;
  return {
    kind: "directory",
    ...decodeHeader(table, position, view.getUint32(position + layout.linkCount, true)),
    listingBlock: view.getUint32(position + layout.listingBlock, true),
    listingOffset: view.getUint16(position + layout.listingOffset, true),
    listingBytes: Math.max(0, view.getUint16(position + layout.listingSize, true) - LISTING_SIZE_EXTRA),
    parentInodeNumber: view.getUint32(position + layout.parentInodeNumber, true),
  };
}

function decodeExtendedDirectory(table: MetadataTable, position: number): DirectoryInode {
  const layout = extendedDirectoryInodeLayout;
  table.need(position, layout.sizeBytes, "a directory inode");
  const { view } = table;
  const xattrIndex = view.getUint32(position + layout.xattrIndex, true);
  return {
    kind: "directory",
    ...decodeHeader(table, position, view.getUint32(position + layout.linkCount, true), xattrIndex),
    listingBlock: view.getUint32(position + layout.listingBlock, true),
    listingOffset: view.getUint16(position + layout.listingOffset, true),
    listingBytes: Math.max(0, view.getUint32(position + layout.listingSize, true) - LISTING_SIZE_EXTRA),
    parentInodeNumber: view.getUint32(position + layout.parentInodeNumber, true),
  };
}

function decodeFile(table: MetadataTable, position: number, blockSizeBytes: number): FileInode {
  const layout = fileInodeLayout;
  table.need(position, layout.sizeBytes, "a file inode");
  const { view } = table;
  return {
    kind: "file",
    ...decodeHeader(table, position, 1),
    blocksStart: view.getUint32(position + layout.blocksStart, true),
    sparseBytes: 0,
    ...decodeContent(table, position, blockSizeBytes, {
      fileSize: view.getUint32(position + layout.fileSize, true),
      fragmentIndex: view.getUint32(position + layout.fragmentIndex, true),
      fragmentOffset: view.getUint32(position + layout.fragmentOffset, true),
      blockSizesPosition: position + layout.sizeBytes,
    }),
  };
}

function decodeExtendedFile(table: MetadataTable, position: number, blockSizeBytes: number): FileInode {
  const layout = extendedFileInodeLayout;
  table.need(position, layout.sizeBytes, "a file inode");
  const { view } = table;
  const linkCount = view.getUint32(position + layout.linkCount, true);
  return {
    kind: "file",
    ...decodeHeader(table, position, linkCount, view.getUint32(position + layout.xattrIndex, true)),
    blocksStart: readU64(view, position + layout.blocksStart),
    sparseBytes: readU64(view, position + layout.sparseBytes),
    ...decodeContent(table, position, blockSizeBytes, {
      fileSize: readU64(view, position + layout.fileSize),
      fragmentIndex: view.getUint32(position + layout.fragmentIndex, true),
      fragmentOffset: view.getUint32(position + layout.fragmentOffset, true),
      blockSizesPosition: position + layout.sizeBytes,
    }),
  };
}

interface RawContent {
  readonly fileSize: number;
  readonly fragmentIndex: number;
  readonly fragmentOffset: number;
  readonly blockSizesPosition: number;
}

function decodeContent(
  table: MetadataTable,
  position: number,
  blockSizeBytes: number,
  raw: RawContent,
): Pick<FileInode, "fileSize" | "fragmentIndex" | "fragmentOffset" | "blockCount" | "blockSizesPosition"> {
  const hasFragment = raw.fragmentIndex !== NONE_U32;
  const blocks = raw.fileSize / blockSizeBytes;
  const blockCount = hasFragment ? Math.floor(blocks) : Math.ceil(blocks);
  table.need(raw.blockSizesPosition, blockCount * BLOCK_SIZE_FIELD_BYTES, "the block list of a file");
  const tailBytes = raw.fileSize - blockCount * blockSizeBytes;
  if (hasFragment && raw.fragmentOffset + tailBytes > blockSizeBytes) {
    throw table.invalid(0, `the file inode at position ${position} has a tail that runs past its fragment block`);
  }
  return { ...raw, blockCount, fragmentIndex: hasFragment ? raw.fragmentIndex : undefined };
}

function decodeSymlink(table: MetadataTable, position: number, isExtended: boolean): SymlinkInode {
  const layout = symlinkInodeLayout;
  table.need(position, layout.sizeBytes, "a symbolic link inode");
  const targetSize = table.view.getUint32(position + layout.targetSize, true);
  if (targetSize === 0 || targetSize > MAX_SYMLINK_BYTES) {
    throw table.invalid(0, `the symbolic link at position ${position} has a target of ${targetSize} bytes`);
  }
  const targetStart = position + layout.sizeBytes;
  table.need(targetStart, targetSize + (isExtended ? XATTR_INDEX_BYTES : 0), "the target of a symbolic link");
  const xattrIndex = isExtended ? table.view.getUint32(targetStart + targetSize, true) : NONE_U32;
  return {
    kind: "symlink",
    ...decodeHeader(table, position, table.view.getUint32(position + layout.linkCount, true), xattrIndex),
    target: table.bytes.subarray(targetStart, targetStart + targetSize),
  };
}

function decodeDevice(
  table: MetadataTable,
  position: number,
  kind: "block" | "char",
  isExtended: boolean,
): DeviceInode {
  const layout = isExtended ? extendedDeviceInodeLayout : deviceInodeLayout;
  table.need(position, layout.sizeBytes, "a device inode");
  const { view } = table;
  const xattrIndex = isExtended ? view.getUint32(position + extendedDeviceInodeLayout.xattrIndex, true) : NONE_U32;
  return {
    kind,
    ...decodeHeader(table, position, view.getUint32(position + layout.linkCount, true), xattrIndex),
    device: view.getUint32(position + layout.device, true),
  };
}

function decodeIpc(table: MetadataTable, position: number, kind: "fifo" | "socket", isExtended: boolean): IpcInode {
  const layout = isExtended ? extendedIpcInodeLayout : ipcInodeLayout;
  table.need(position, layout.sizeBytes, "a fifo or socket inode");
  const { view } = table;
  const xattrIndex = isExtended ? view.getUint32(position + extendedIpcInodeLayout.xattrIndex, true) : NONE_U32;
  return { kind, ...decodeHeader(table, position, view.getUint32(position + layout.linkCount, true), xattrIndex) };
}
