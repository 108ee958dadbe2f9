import type { Readable } from "node:stream";

/** What is known of an object without reading it. */
export interface ObjectInfo {
  readonly name: string;
  readonly sizeBytes: number;
  /** When it got its content. */
  readonly modified: Date;
}

/** Bytes of an object; what lies beyond its end is left out. */
export interface ByteRange {
  /** Offset in bytes of the first byte, at least 0. */
  readonly start: number;
  /** Offset in bytes after the last byte, at least `start`. */
  readonly end: number;
}

/** Of every call that waits. */
export interface ObjectCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Of what is read. */
export interface ReadObjectOptions extends ObjectCallOptions {
  /** The whole object when left out. */
  readonly range?: ByteRange;
}

/** Of what is written. */
export interface WriteObjectOptions extends ObjectCallOptions {
  /** Anything of another length is refused with E_OBJECT_SIZE; unknown when left out, which may cost requests. */
  readonly sizeBytes?: number;
  /** For places that hand objects out over HTTP; others forget it. */
  readonly contentType?: string;
}

/** Of an address that is given away. */
export interface DirectUrlOptions {
  /** Seconds for which it works, 1 to 604,800 (a week). */
  readonly expiresSeconds: number;
  readonly method: "GET" | "PUT";
}

/**
 * Bytes under names, on a disk or in object storage. Any number of processes may use the same place.
 *
 * **Names** are parts of printable ASCII with `/` between them, at most 900 characters, without empty parts, `.` and
 * `..`; the first part is not `.uploads`. A name cannot be another's folder: with `a/b` there is no `a`.
 * Every method throws E_OBJECT_NAME for other names, and for a place that fails E_NO_SPACE, E_FILE_ACCESS (a disk),
 * E_STORAGE_AUTH, E_STORAGE_NETWORK or E_STORAGE_PROTOCOL (object storage).
 */
export interface ObjectStore extends AsyncDisposable {
  /** @returns undefined when there is none of that name */
  stat(name: string, options?: ObjectCallOptions): Promise<ObjectInfo | undefined>;

  /**
   * Opens an object for reading.
   * @returns a stream that the caller reads to its end or destroys; undefined when there is none of that name
   */
  read(name: string, options?: ReadObjectOptions): Promise<Readable | undefined>;

  /**
   * Writes an object, whole or not at all, in place of the one that was there. Who reads the old one meanwhile reads
   * it to its end. Memory: one chunk on a disk, one part (8 MiB, more for objects of many GiB) in object storage.
   * @throws E_OBJECT_SIZE when the content has another length than was said; what the content itself throws
   */
  write(name: string, content: AsyncIterable<Uint8Array>, options?: WriteObjectOptions): Promise<ObjectInfo>;

  /**
   * The objects whose names begin with a text, in the order of their bytes. One that comes or goes meanwhile may be
   * told or not.
   * @param prefix any beginning of a name, not only whole parts; `""` for all
   */
  list(prefix: string, options?: ObjectCallOptions): AsyncIterable<ObjectInfo>;

  /** Removes an object; that there is none is no error. */
  remove(name: string, options?: ObjectCallOptions): Promise<void>;

  /**
   * Gives an object another name, in place of the object that had it. At once on a disk; object storage copies.
   * @throws E_OBJECT_NOT_FOUND when there is none to move
   */
  move(from: string, to: string, options?: ObjectCallOptions): Promise<void>;

  /** Begins an object whose content comes in pieces, perhaps from several processes one after the other. */
  startUpload(name: string, options?: ObjectCallOptions): Promise<ObjectUpload>;

  /**
   * Goes on with an upload, also after a restart of the process.
   * @param id from {@link ObjectUpload.id}; any text from outside is safe
   * @returns undefined when there is no such upload, or none of that name
   */
  resumeUpload(name: string, id: string, options?: ObjectCallOptions): Promise<ObjectUpload | undefined>;

  /**
   * Forgets uploads, and what killed processes left of writes, that nobody has touched for a while.
   * @param untouchedSince older than the longest pause that an upload may make
   * @returns how many there were
   */
  removeStaleUploads(untouchedSince: Date, options?: ObjectCallOptions): Promise<number>;

  /**
   * Where an object is a file of this machine, for readers of many small ranges, who change nothing.
   * @returns an absolute path, whether or not there is such an object
   */
  localPath?(name: string): string;

  /**
   * An address at which anybody may read or write the object for a while. Only places that clients reach by
   * themselves have it.
   */
  directUrl?(name: string, options: DirectUrlOptions): Promise<string>;
}

/** An object that comes in pieces; nobody sees it before `finish`. Calls must come one after the other. */
export interface ObjectUpload {
  /** For `resumeUpload`: letters, digits, `-` and `_`; not to be guessed. */
  readonly id: string;
  /** What has arrived and is kept, in bytes. */
  readonly sizeBytes: number;
  /**
   * Adds bytes at the end. When the content breaks off, what came of it is kept.
   * @returns the new `sizeBytes`
   * @throws what the content throws, after keeping what came before
   */
  append(content: AsyncIterable<Uint8Array>, options?: ObjectCallOptions): Promise<number>;
  /** Gives the object its name, in place of the one that had it. The upload is over then. */
  finish(options?: ObjectCallOptions): Promise<ObjectInfo>;
  /** Forgets everything; may be called again. */
  abort(options?: ObjectCallOptions): Promise<void>;
}
