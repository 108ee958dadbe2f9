import type { Digest } from "@repo2singularity/base";
import type { PutFileOptions, PutOptions, StoredFile } from "./files/put.ts";
import type { ComputeOnceOptions } from "./lock/compute-once.ts";
import type { LockOptions, StoreLock } from "./lock/store-lock.ts";
import type { CollectOptions, CollectReport } from "./maintenance/collect.ts";
import type { StoreItem } from "./maintenance/items.ts";
import type { StoreVerifyReport, VerifyOptions } from "./maintenance/verify.ts";
import type { StoreRecord } from "./records/records.ts";

/**
 * An open handle on a store. Any number of processes may have one at the same time.
 *
 * **Lease**: what a handle has given out (files from `put…`, `find`, `readRecord`; trees) is not collected, by any
 * process, until the handle is disposed of or its process is dead. Open one handle per job.
 *
 * Every method throws E_NO_SPACE when the disk or quota is full and E_STORE_UNUSABLE when the folder cannot be used.
 */
export interface Store extends AsyncDisposable {
  /** The store's folder, absolute. */
  readonly directory: string;

  /** Stores bytes. Memory: one chunk. @throws E_STORE_CORRUPT when they are not the expected ones */
  put(source: AsyncIterable<Uint8Array> | Uint8Array, options?: PutOptions): Promise<StoredFile>;
  /** Stores a file that is there already. @throws E_STORE_CORRUPT when it is not the expected one */
  putFile(path: string, options?: PutFileOptions): Promise<StoredFile>;
  /** A file by its digest; undefined when the store does not have it. */
  find(digest: Digest): Promise<StoredFile | undefined>;
  /** A file that must be there. @throws E_STORE_CORRUPT when it is not */
  get(digest: Digest): Promise<StoredFile>;

  /** A record by kind and key; undefined when there is none or one of its files is gone. */
  readRecord(kind: string, key: string): Promise<StoreRecord | undefined>;
  /** Writes a record in place of the one that was there. `files` are the files it speaks of. */
  writeRecord(kind: string, key: string, value: unknown, files?: readonly Digest[]): Promise<void>;
  removeRecord(kind: string, key: string): Promise<void>;

  /** The folder of an unpacked tree; undefined when there is none. */
  findTree(key: string): Promise<string | undefined>;
  /** The folder of an unpacked tree, made by `fill` if there is none, once however many ask. */
  ensureTree(key: string, fill: (folder: string) => Promise<void>, options?: LockOptions): Promise<string>;

  /**
   * A new empty folder in the store's file system, for work whose result is then put with `move`.
   * It is removed with the handle; what a killed process leaves is removed by the next one that opens the store.
   */
  makeScratchFolder(): Promise<string>;
  /** A lock between processes and hosts. @throws E_STORE_LOCKED after `waitMs` */
  lock(name: string, options?: LockOptions): Promise<StoreLock>;
  /** A result that is made once, however many processes ask for it at the same time. */
  computeOnce<T>(key: string, options: ComputeOnceOptions<T>): Promise<T>;

  /** All files and trees. */
  list(): Promise<StoreItem[]>;
  /** Removes what was not used for the longest time until the rest fits. */
  collect(options: CollectOptions): Promise<CollectReport>;
  /** Reads every file again and compares it with its name. */
  verify(options?: VerifyOptions): Promise<StoreVerifyReport>;
}
