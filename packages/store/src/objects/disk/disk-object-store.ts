import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { AppError, errnoOf } from "@repo2singularity/base";
import { orAbsent } from "../../failure.ts";
import { checkedObjectName, uploadsFolder } from "../object-name.ts";
import type {
  ObjectCallOptions,
  ObjectInfo,
  ObjectStore,
  ObjectUpload,
  ReadObjectOptions,
  WriteObjectOptions,
} from "../object-store.ts";
import { appendContent } from "./append-content.ts";
import { onDisk } from "./disk-failure.ts";
import { resumeDiskUpload, startDiskUpload } from "./disk-upload.ts";
import { listNames } from "./list-names.ts";
import { removeStale } from "./remove-stale.ts";

/**
 * Objects as files of a folder, each at its name. Files get their names by `rename` when their bytes are on the disk
 * (fsync), so that a kill or power cut never leaves half an object. Links in the folder are not followed.
 * @param directory made when the first object comes
 */
export function openDiskObjectStore(directory: string): ObjectStore {
  return new DiskObjectStore(resolve(directory));
}

class DiskObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #uploads: string;

  constructor(root: string) {
    this.#root = root;
    this.#uploads = join(root, uploadsFolder);
  }

  async stat(name: string): Promise<ObjectInfo | undefined> {
    const path = this.#pathOf(name);
    const stats = await onDisk(path, () => orAbsent(lstat(path)));
    return stats?.isFile() === true ? infoOf(name, stats) : undefined;
  }

  async read(name: string, { range, signal }: ReadObjectOptions = {}): Promise<Readable | undefined> {
    signal?.throwIfAborted();
    const info = await this.stat(name);
    if (info === undefined) return undefined;
    if (range !== undefined && range.start >= Math.min(range.end, info.sizeBytes)) return Readable.from([]);
    const path = this.#pathOf(name);
    const handle = await onDisk(path, () => orAbsent(open(path)));
    return handle?.createReadStream({
      highWaterMark: 2 ** 18,
      ...(range === undefined ? {} : { start: range.start, end: range.end - 1 }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async write(
    name: string,
    content: AsyncIterable<Uint8Array>,
    { sizeBytes, signal }: WriteObjectOptions = {},
  ): Promise<ObjectInfo> {
    this.#pathOf(name);
    const temporary = join(this.#uploads, `write-${randomBytes(12).toString("hex")}`);
    try {
      await onDisk(temporary, () => mkdir(this.#uploads, { recursive: true }));
      await writeFlushed(temporary, content, sizeBytes, signal);
      return await this.#place(temporary, name);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async *list(prefix: string, { signal }: ObjectCallOptions = {}): AsyncGenerator<ObjectInfo> {
    for await (const name of listNames(this.#root, prefix)) {
      signal?.throwIfAborted();
      const stats = await onDisk(name, () => orAbsent(lstat(join(this.#root, name))));
      if (stats !== undefined) yield infoOf(name, stats);
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#pathOf(name);
    if ((await this.stat(name)) === undefined) return;
    await onDisk(path, () => rm(path, { force: true }));
    await this.#removeEmptyFolders(dirname(path));
  }

  async move(from: string, to: string): Promise<void> {
    if ((await this.stat(from)) === undefined) throw notThere(from);
    await this.#place(this.#pathOf(from), to);
    await this.#removeEmptyFolders(dirname(this.#pathOf(from)));
  }

  async startUpload(name: string): Promise<ObjectUpload> {
    return startDiskUpload(this.#uploads, checkedObjectName(name), this.#place);
  }

  async resumeUpload(name: string, id: string): Promise<ObjectUpload | undefined> {
    return resumeDiskUpload(this.#uploads, checkedObjectName(name), id, this.#place);
  }

  async removeStaleUploads(untouchedSince: Date): Promise<number> {
    return removeStale(this.#uploads, untouchedSince);
  }

  localPath(name: string): string {
    return this.#pathOf(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // nothing is held open between calls
  }

  #pathOf(name: string): string {
    return join(this.#root, checkedObjectName(name));
  }

  /** Gives a file of this file system the name of an object. */
  readonly #place = async (file: string, name: string): Promise<ObjectInfo> => {
    const path = this.#pathOf(name);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await mkdir(dirname(path), { recursive: true });
        await rename(file, path);
        break;
      } catch (error) {
        // another process may have removed the folder, empty as it was, between the two calls
        const isGone = errnoOf(error) === "ENOENT" && attempt < 10 && (await orAbsent(lstat(file))) !== undefined;
        if (!isGone) await onDisk(path, () => Promise.reject(error));
      }
    }
    return infoOf(name, await onDisk(path, () => lstat(path)));
  };

  async #removeEmptyFolders(start: string): Promise<void> {
    for (let folder = start; folder.length > this.#root.length; folder = dirname(folder)) {
      try {
        await rmdir(folder);
      } catch {
        return; // something lies in it, or another process was faster
      }
    }
  }
}

async function writeFlushed(
  path: string,
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await onDisk(path, () => open(path, "wx", 0o644));
  let position = 0;
  try {
    const onWritten = (endBytes: number): void => void (position = endBytes);
    await appendContent(content, { path, handle, position, signal, onWritten });
    if (sizeBytes !== undefined && sizeBytes !== position) throw wrongSize(position, sizeBytes);
    await onDisk(path, () => handle.datasync());
  } finally {
    await handle.close();
  }
}

function wrongSize(foundBytes: number, saidBytes: number): AppError {
  return new AppError("E_OBJECT_SIZE", `content of ${saidBytes} bytes was announced, ${foundBytes} came`);
}

function notThere(name: string): AppError {
  return new AppError("E_OBJECT_NOT_FOUND", `there is no object ${name}`);
}

function infoOf(name: string, stats: Stats): ObjectInfo {
  return { name, sizeBytes: stats.size, modified: stats.mtime };
}
