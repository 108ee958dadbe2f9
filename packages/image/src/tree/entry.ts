/** What a {@link TreeEntry} is; `hardlink` is a further name of a file that came before. */
export type EntryType = "file" | "directory" | "symlink" | "hardlink" | "char" | "block" | "fifo" | "socket";

/** A range of a file that holds only zeros and takes no room where it came from. */
export interface Hole {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/** The bytes of a file. */
export interface EntryContent {
  /**
   * All bytes of the file in order, holes as zeros; `sizeBytes` of the entry in total.
   *
   * May be called at most once. Content from an archive must be read before the next entry is asked for; what is
   * left unread then is skipped. A chunk stays valid until the next one is asked for.
   */
  stream(): AsyncIterable<Uint8Array>;
  /**
   * All bytes at once, where they can be had without waiting or copying; undefined where only {@link stream} gives them.
   * An answer counts as the one call, and is good until the next entry is asked for.
   */
  tryTake?(): Uint8Array | undefined;
  /** Ascending, not overlapping; left out when the file has none or they are not known. */
  readonly holes?: readonly Hole[];
  /** A regular file of this host that holds the same bytes, for readers that want them twice. */
  readonly hostPath?: string | Buffer;
}

/** A device number. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/**
 * One entry of a file tree, as archives, directories and images all give and take it.
 *
 * Names are bytes on Linux: see `decodeName` for how bytes that are not UTF-8 stand in the strings.
 */
export interface TreeEntry {
  /** Relative, `/`-separated, no leading or trailing slash, no `.` or `..`; `""` is the root directory. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970; may be fractional or negative. */
  readonly mtimeSeconds: number;
  /** Bytes of a file's content, holes included; 0 for everything else. */
  readonly sizeBytes: number;
  /** Symlink: its text. Hardlink: path of the earlier entry. */
  readonly linkTarget?: string;
  /** Of `char` and `block` only. */
  readonly device?: DeviceNumber;
  /** Values by full name (`user.…`, `security.…`). */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  /** Of `file` only; left out for an empty file. */
  readonly content?: EntryContent;
}
