import { lstat, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError, type Digest, type Logger } from "@repo2singularity/base";
import { putFile, putStream, type PutFileOptions, type PutOptions, type StoredFile } from "./files/put.ts";
import { guarded, orAbsent } from "./failure.ts";
import { noteUse } from "./last-use.ts";
import { ensureLayout, filePath, layoutOf, type Layout } from "./layout.ts";
import { computeOnce, type ComputeOnceOptions } from "./lock/compute-once.ts";
import { isLockHeld, takeLock, type LockOptions, type StoreLock } from "./lock/store-lock.ts";
import { collect, collectLockName, type CollectOptions, type CollectReport } from "./maintenance/collect.ts";
import { listItems, type StoreItem } from "./maintenance/items.ts";
import { verifyStore, type StoreVerifyReport, type VerifyOptions } from "./maintenance/verify.ts";
import { createLease, leaseName, type Lease } from "./owner/leases.ts";
import { removeLeftovers } from "./owner/leftovers.ts";
import { freshName, ownMark } from "./owner/process-mark.ts";
import { readRecord, removeRecord, writeRecord, type StoreRecord } from "./records/records.ts";
import type { Store } from "./store.ts";
import { removeTree } from "./trees/remove-tree.ts";
import { findTree, makeTree } from "./trees/trees.ts";

/** Where a store lies. */
export interface OpenStoreOptions {
  /** The store's folder; made when it is not there. */
  readonly directory: string;
  /** Milliseconds since 1970; the host's clock when left out. */
  readonly clock?: () => number;
  /** Told when a lock is lost. */
  readonly logger?: Logger;
}

/**
 * Opens a store, making its folder if needed, and removes what killed processes left in it.
 * @throws E_STORE_UNUSABLE when the folder cannot be made or written, E_NO_SPACE when the disk is full
 *
 * @example
 * await using store = await openStore({ directory: defaultCacheDirectory(env, homeDir) });
 * const { digest, path } = await store.put(new TextEncoder().encode("hello"));
 * await store.writeRecord("step", key, { packages: 3 }, [digest]);
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const layout = layoutOf(resolve(options.directory));
  const clock = options.clock ?? Date.now;
  await ensureLayout(layout);
  await guarded(layout.tmp, async () => {
    await removeLeftovers(layout.tmp, clock());
    await removeLeftovers(layout.leases, clock());
  });
  return new DiskStore(layout, clock, options.logger);
}

class DiskStore implements Store {
  readonly #layout: Layout;
  readonly #clock: () => number;
  readonly #logger: Logger | undefined;
  readonly #lease: Lease;
  readonly #scratchFolders: string[] = [];

  constructor(layout: Layout, clock: () => number, logger: Logger | undefined) {
    this.#layout = layout;
    this.#clock = clock;
    this.#logger = logger;
    this.#lease = createLease(layout, clock);
  }

  get directory(): string {
    return this.#layout.directory;
  }

  async put(source: AsyncIterable<Uint8Array> | Uint8Array, options: PutOptions = {}): Promise<StoredFile> {
    const chunks = source instanceof Uint8Array ? [source] : source;
    return putStream(this.#layout, chunks, { ...options, hold: (digest) => this.#holdFile(digest) });
  }

  async putFile(path: string, options: PutFileOptions = {}): Promise<StoredFile> {
    return putFile(this.#layout, path, { ...options, hold: (digest) => this.#holdFile(digest) });
  }

  async find(digest: Digest): Promise<StoredFile | undefined> {
    const path = filePath(this.#layout, digest);
    if ((await guarded(path, () => orAbsent(lstat(path)))) === undefined) return undefined;
    await this.#holdFile(digest);
    // Looked up again: a collector may have been faster than the lease.
    const stats = await guarded(path, () => orAbsent(lstat(path)));
    if (stats === undefined) return undefined;
    await noteUse(path, stats, this.#clock());
    return { digest, path, sizeBytes: stats.size };
  }

  async get(digest: Digest): Promise<StoredFile> {
    const file = await this.find(digest);
    if (file !== undefined) return file;
    throw new AppError("E_STORE_CORRUPT", `${filePath(this.#layout, digest)}: a file that is needed is gone`, {
      hint: "build again: the cache makes it anew",
      data: { digest },
    });
  }

  async readRecord(kind: string, key: string): Promise<StoreRecord | undefined> {
    const record = await readRecord(this.#layout, kind, key, this.#clock());
    for (const digest of record?.files ?? []) if ((await this.find(digest)) === undefined) return undefined;
    return record;
  }

  async writeRecord(kind: string, key: string, value: unknown, files: readonly Digest[] = []): Promise<void> {
    await writeRecord(this.#layout, kind, { key, value, files });
  }

  async removeRecord(kind: string, key: string): Promise<void> {
    await removeRecord(this.#layout, kind, key);
  }

  async findTree(key: string): Promise<string | undefined> {
    if ((await findTree(this.#layout, key, this.#clock())) === undefined) return undefined;
    await this.#hold(leaseName("tree", key));
    return findTree(this.#layout, key, this.#clock());
  }

  async ensureTree(key: string, fill: (folder: string) => Promise<void>, options: LockOptions = {}): Promise<string> {
    return this.computeOnce(`tree ${key}`, {
      ...options,
      find: () => this.findTree(key),
      work: async () => {
        await this.#hold(leaseName("tree", key));
        return makeTree(this.#layout, key, fill);
      },
    });
  }

  async makeScratchFolder(): Promise<string> {
    const folder = join(this.#layout.tmp, freshName(ownMark()));
    await guarded(folder, () => mkdir(folder, { mode: 0o700 }));
    this.#scratchFolders.push(folder);
    return folder;
  }

  async lock(name: string, options: LockOptions = {}): Promise<StoreLock> {
    return takeLock(this.#layout, name, this.#withLogger(options));
  }

  async computeOnce<T>(key: string, options: ComputeOnceOptions<T>): Promise<T> {
    return computeOnce(this.#layout, key, this.#withLogger(options));
  }

  async list(): Promise<StoreItem[]> {
    return guarded(this.directory, () => listItems(this.#layout, this.#clock()));
  }

  async collect(options: CollectOptions): Promise<CollectReport> {
    return collect(this.#layout, this.#clock, this.#withLogger(options));
  }

  async verify(options: VerifyOptions = {}): Promise<StoreVerifyReport> {
    return verifyStore(this.#layout, this.#clock(), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease[Symbol.asyncDispose]();
    for (const folder of this.#scratchFolders.splice(0)) await guarded(folder, () => removeTree(folder));
  }

  #withLogger<T extends LockOptions>(options: T): T {
    return this.#logger === undefined ? options : { logger: this.#logger, ...options };
  }

  async #holdFile(digest: Digest): Promise<void> {
    await this.#hold(leaseName("file", digest));
  }

  /** Puts a name into the lease; a collector that has begun to choose is waited for, so that it never misses one. */
  async #hold(name: string): Promise<void> {
    await this.#lease.add(name);
    if (await isLockHeld(this.#layout, collectLockName)) {
      await using _ended = await takeLock(this.#layout, collectLockName);
    }
  }
}
