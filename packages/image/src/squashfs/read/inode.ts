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

/** A directory and where its listing lies. */
export interface DirectoryInode extends InodeHeader {
  readonly kind: "directory";
  /** Offset of the listing's metadata block from the directory table's start. */
  readonly listingBlock: number;
  readonly listingOffset: number;
  /** Bytes of the listing; 0 for an empty directory. */
  readonly listingBytes: number;
  readonly parentInodeNumber: number;
}

/** A file and where its content lies. */
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

/** A symbolic link; its target holds no NUL. */
export interface SymlinkInode extends InodeHeader {
  readonly kind: "symlink";
  readonly target: Uint8Array;
}

/** A device. */
export interface DeviceInode extends InodeHeader {
  readonly kind: "block" | "char";
  /** As `decodeDevice` of the layout takes it. */
  readonly device: number;
}

/** What has nothing but a header. */
export interface IpcInode extends InodeHeader {
  readonly kind: "fifo" | "socket";
}

/** Any inode; `kind` tells which. */
export type Inode = DirectoryInode | FileInode | SymlinkInode | DeviceInode | IpcInode;
