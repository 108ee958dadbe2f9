import {
  BLOCK_SIZE_FIELD_BYTES,
  EXTENDED_INODE_OFFSET,
  NONE_U32,
  XATTR_INDEX_BYTES,
  encodeDevice,
  extendedDeviceInodeLayout,
  extendedFileInodeLayout,
  extendedIpcInodeLayout,
  fileInodeLayout,
  inodeHeaderLayout,
  inodeTypes,
  deviceInodeLayout,
  ipcInodeLayout,
  symlinkInodeLayout,
} from "../layout.ts";
import { FileData } from "./file-data.ts";
import type { InodeNode } from "./tree-model.ts";

/** What an inode says beside its node. */
export interface InodeFacts {
  readonly node: InodeNode;
  readonly uidIndex: number;
  readonly gidIndex: number;
  /** Number of the set, or `NONE_U32`. */
  readonly xattrIndex: number;
}

const noContent = new FileData(0, 0);

/** The bytes of an inode that is no directory; the basic form where it can say everything. */
export function encodeInode(facts: InodeFacts): Buffer {
  const { node } = facts;
  if (node.type === "file") return encodeFile(facts, node.data ?? noContent);
  if (node.type === "symlink") return encodeSymlink(facts, node.linkTarget ?? Buffer.alloc(0));
  if (node.device !== undefined) return encodeDeviceNode(facts, encodeDevice(node.device.major, node.device.minor));
  return encodeIpc(facts);
}

/** The fields that every inode begins with. @param sizeBytes of the whole inode */
export function inodeBuffer(facts: InodeFacts, sizeBytes: number, isExtended: boolean): Buffer {
  const { node } = facts;
  const bytes = Buffer.allocUnsafe(sizeBytes).fill(0); // from Node's pool: inodes are small and many
  bytes.writeUInt16LE(inodeTypes[node.type] + (isExtended ? EXTENDED_INODE_OFFSET : 0), inodeHeaderLayout.type);
  bytes.writeUInt16LE(node.mode, inodeHeaderLayout.mode);
  bytes.writeUInt16LE(facts.uidIndex, inodeHeaderLayout.uidIndex);
  bytes.writeUInt16LE(facts.gidIndex, inodeHeaderLayout.gidIndex);
  bytes.writeUInt32LE(node.mtimeSeconds, inodeHeaderLayout.mtimeSeconds);
  bytes.writeUInt32LE(node.inodeNumber, inodeHeaderLayout.inodeNumber);
  return bytes;
}

function encodeFile(facts: InodeFacts, data: FileData): Buffer {
  const isExtended =
    facts.node.nameCount > 1 ||
    facts.xattrIndex !== NONE_U32 ||
    data.sparseBytes > 0 ||
    data.sizeBytes > NONE_U32 ||
    data.blocksStart > NONE_U32;
  const headBytes = isExtended ? extendedFileInodeLayout.sizeBytes : fileInodeLayout.sizeBytes;
  const bytes = inodeBuffer(facts, headBytes + data.blockSizes.length * BLOCK_SIZE_FIELD_BYTES, isExtended);
  const { fragmentIndex, fragmentOffset } = data.fragment;
  if (isExtended) {
    bytes.writeBigUInt64LE(BigInt(data.blocksStart), extendedFileInodeLayout.blocksStart);
    bytes.writeBigUInt64LE(BigInt(data.sizeBytes), extendedFileInodeLayout.fileSize);
    bytes.writeBigUInt64LE(BigInt(data.sparseBytes), extendedFileInodeLayout.sparseBytes);
    bytes.writeUInt32LE(facts.node.nameCount, extendedFileInodeLayout.linkCount);
    bytes.writeUInt32LE(fragmentIndex, extendedFileInodeLayout.fragmentIndex);
    bytes.writeUInt32LE(fragmentOffset, extendedFileInodeLayout.fragmentOffset);
    bytes.writeUInt32LE(facts.xattrIndex, extendedFileInodeLayout.xattrIndex);
  } else {
    bytes.writeUInt32LE(data.blocksStart, fileInodeLayout.blocksStart);
    bytes.writeUInt32LE(fragmentIndex, fileInodeLayout.fragmentIndex);
    bytes.writeUInt32LE(fragmentOffset, fileInodeLayout.fragmentOffset);
    bytes.writeUInt32LE(data.sizeBytes, fileInodeLayout.fileSize);
  }
  let at: number = headBytes;
  for (const sizeField of data.blockSizes) at = bytes.writeUInt32LE(sizeField, at);
  return bytes;
}

function encodeSymlink(facts: InodeFacts, target: Buffer): Buffer {
  const isExtended = facts.xattrIndex !== NONE_U32;
  const textEnd = symlinkInodeLayout.sizeBytes + target.length;
  const bytes = inodeBuffer(facts, textEnd + (isExtended ? XATTR_INDEX_BYTES : 0), isExtended);
  bytes.writeUInt32LE(facts.node.nameCount, symlinkInodeLayout.linkCount);
  bytes.writeUInt32LE(target.length, symlinkInodeLayout.targetSize);
  bytes.set(target, symlinkInodeLayout.sizeBytes);
  if (isExtended) bytes.writeUInt32LE(facts.xattrIndex, textEnd);
  return bytes;
}

function encodeDeviceNode(facts: InodeFacts, device: number): Buffer {
  const isExtended = facts.xattrIndex !== NONE_U32;
  const layout = isExtended ? extendedDeviceInodeLayout : deviceInodeLayout;
  const bytes = inodeBuffer(facts, layout.sizeBytes, isExtended);
  bytes.writeUInt32LE(facts.node.nameCount, layout.linkCount);
  bytes.writeUInt32LE(device, layout.device);
  if (isExtended) bytes.writeUInt32LE(facts.xattrIndex, extendedDeviceInodeLayout.xattrIndex);
  return bytes;
}

/** Fifos and sockets. */
function encodeIpc(facts: InodeFacts): Buffer {
  const isExtended = facts.xattrIndex !== NONE_U32;
  const layout = isExtended ? extendedIpcInodeLayout : ipcInodeLayout;
  const bytes = inodeBuffer(facts, layout.sizeBytes, isExtended);
  bytes.writeUInt32LE(facts.node.nameCount, layout.linkCount);
  if (isExtended) bytes.writeUInt32LE(facts.xattrIndex, extendedIpcInodeLayout.xattrIndex);
  return bytes;
}
