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
import type { DeviceInode, DirectoryInode, FileInode, Inode, IpcInode, SymlinkInode } from "./inode.ts";

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

const MODE_BITS = 0o7777;

function basicType(view: DataView, position: number): number {
  const type = view.getUint16(position + header.type, true);
  return type > EXTENDED_INODE_OFFSET ? type - EXTENDED_INODE_OFFSET : type;
}

function optionalIndex(index: number): number | undefined {
  return index === NONE_U32 ? undefined : index;
}

// Every kind is one literal that repeats the header's fields: spreading a header into it took five times as long.

function decodeDirectory(table: MetadataTable, position: number): DirectoryInode {
  const layout = directoryInodeLayout;
  table.need(position, layout.sizeBytes, "a directory inode");
  const { view } = table;
  return {
    kind: "directory",
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: view.getUint32(position + layout.linkCount, true),
    xattrIndex: undefined,
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
  return {
    kind: "directory",
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: view.getUint32(position + layout.linkCount, true),
    xattrIndex: optionalIndex(view.getUint32(position + layout.xattrIndex, true)),
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
  const fileSize = view.getUint32(position + layout.fileSize, true);
  const fragmentIndex = optionalIndex(view.getUint32(position + layout.fragmentIndex, true));
  const file: FileInode = {
    kind: "file",
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: 1,
    xattrIndex: undefined,
    blocksStart: view.getUint32(position + layout.blocksStart, true),
    fileSize,
    sparseBytes: 0,
    fragmentIndex,
    fragmentOffset: view.getUint32(position + layout.fragmentOffset, true),
    blockCount: countBlocks(fileSize, fragmentIndex, blockSizeBytes),
    blockSizesPosition: position + layout.sizeBytes,
  };
  checkContent(table, file, blockSizeBytes);
  return file;
}

function decodeExtendedFile(table: MetadataTable, position: number, blockSizeBytes: number): FileInode {
  const layout = extendedFileInodeLayout;
  table.need(position, layout.sizeBytes, "a file inode");
  const { view } = table;
  const fileSize = readU64(view, position + layout.fileSize);
  const fragmentIndex = optionalIndex(view.getUint32(position + layout.fragmentIndex, true));
  const file: FileInode = {
    kind: "file",
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: view.getUint32(position + layout.linkCount, true),
    xattrIndex: optionalIndex(view.getUint32(position + layout.xattrIndex, true)),
    blocksStart: readU64(view, position + layout.blocksStart),
    fileSize,
    sparseBytes: readU64(view, position + layout.sparseBytes),
    fragmentIndex,
    fragmentOffset: view.getUint32(position + layout.fragmentOffset, true),
    blockCount: countBlocks(fileSize, fragmentIndex, blockSizeBytes),
    blockSizesPosition: position + layout.sizeBytes,
  };
  checkContent(table, file, blockSizeBytes);
  return file;
}

/** Blocks outside the fragment: the tail that is no whole block lies in the fragment, where the file has one. */
function countBlocks(fileSize: number, fragmentIndex: number | undefined, blockSizeBytes: number): number {
  const blocks = fileSize / blockSizeBytes;
  return fragmentIndex === undefined ? Math.ceil(blocks) : Math.floor(blocks);
}

function checkContent(table: MetadataTable, file: FileInode, blockSizeBytes: number): void {
  table.need(file.blockSizesPosition, file.blockCount * BLOCK_SIZE_FIELD_BYTES, "the block list of a file");
  const tailBytes = file.fileSize - file.blockCount * blockSizeBytes;
  if (file.fragmentIndex !== undefined && file.fragmentOffset + tailBytes > blockSizeBytes) {
    throw table.invalid(0, `inode ${file.inodeNumber} has a tail that runs past its fragment block`);
  }
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
  const { view } = table;
  const xattrIndex = isExtended ? view.getUint32(targetStart + targetSize, true) : NONE_U32;
  const target = table.bytes.subarray(targetStart, targetStart + targetSize);
  if (target.includes(0)) throw table.invalid(0, `the symbolic link at position ${position} has a NUL in its target`);
  return {
    kind: "symlink",
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: view.getUint32(position + layout.linkCount, true),
    xattrIndex: optionalIndex(xattrIndex),
    target,
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
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: view.getUint32(position + layout.linkCount, true),
    xattrIndex: optionalIndex(xattrIndex),
    device: view.getUint32(position + layout.device, true),
  };
}

function decodeIpc(table: MetadataTable, position: number, kind: "fifo" | "socket", isExtended: boolean): IpcInode {
  const layout = isExtended ? extendedIpcInodeLayout : ipcInodeLayout;
  table.need(position, layout.sizeBytes, "a fifo or socket inode");
  const { view } = table;
  const xattrIndex = isExtended ? view.getUint32(position + extendedIpcInodeLayout.xattrIndex, true) : NONE_U32;
  return {
    kind,
    type: basicType(view, position),
    mode: view.getUint16(position + header.mode, true) & MODE_BITS,
    uidIndex: view.getUint16(position + header.uidIndex, true),
    gidIndex: view.getUint16(position + header.gidIndex, true),
    mtimeSeconds: view.getUint32(position + header.mtimeSeconds, true),
    inodeNumber: view.getUint32(position + header.inodeNumber, true),
    linkCount: view.getUint32(position + layout.linkCount, true),
    xattrIndex: optionalIndex(xattrIndex),
  };
}
