import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readFile, rm, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { orAbsent } from "../../failure.ts";
import type { ObjectCallOptions, ObjectInfo, ObjectUpload } from "../object-store.ts";
import { appendContent } from "./append-content.ts";
import { onDisk } from "./disk-failure.ts";

/**
 * Where an upload lies: `UPLOADS/ID/data` has the bytes that came, `UPLOADS/ID/name` the name they are for. There is
 * no other state, so that a restart of the process, or a kill at any moment, loses nothing but what was on the way.
 */
interface UploadPlace {
  readonly folder: string;
  readonly data: string;
}

/** Gives a file the name of an object. */
export type Place = (file: string, name: string) => Promise<ObjectInfo>;

const idPattern = /^[0-9a-f]{32}$/;

/** Begins an upload. @param uploads the folder of all uploads */
export async function startDiskUpload(uploads: string, name: string, place: Place): Promise<ObjectUpload> {
  const id = randomBytes(16).toString("hex");
  const at = placeOf(uploads, id);
  await onDisk(at.folder, async () => {
    await mkdir(at.folder, { recursive: true });
    await writeFile(at.data, "", { flag: "wx", mode: 0o644 });
    await writeFile(join(at.folder, "name"), name, { flag: "wx" });
  });
  return new DiskUpload(id, name, at, 0, place);
}

/** Goes on with an upload. @returns undefined when there is none of that id and name */
export async function resumeDiskUpload(
  uploads: string,
  name: string,
  id: string,
  place: Place,
): Promise<ObjectUpload | undefined> {
  if (!idPattern.test(id)) return undefined;
  const at = placeOf(uploads, id);
  return onDisk(at.folder, async () => {
    const stats = await orAbsent(lstat(at.data));
    if (stats === undefined || (await orAbsent(readFile(join(at.folder, "name"), "utf8"))) !== name) return undefined;
    return new DiskUpload(id, name, at, stats.size, place);
  });
}

function placeOf(uploads: string, id: string): UploadPlace {
  const folder = join(uploads, id);
  return { folder, data: join(folder, "data") };
}

class DiskUpload implements ObjectUpload {
  readonly id: string;
  readonly #name: string;
  readonly #at: UploadPlace;
  readonly #place: Place;
  #sizeBytes: number;

  constructor(id: string, name: string, at: UploadPlace, sizeBytes: number, place: Place) {
    this.id = id;
    this.#name = name;
    this.#at = at;
    this.#sizeBytes = sizeBytes;
    this.#place = place;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(content: AsyncIterable<Uint8Array>, { signal }: ObjectCallOptions = {}): Promise<number> {
    const handle = await this.#open("r+");
    try {
      await appendContent(content, {
        path: this.#at.data,
        handle,
        position: this.#sizeBytes,
        signal,
        onWritten: (endBytes) => (this.#sizeBytes = endBytes),
      });
    } finally {
      await handle.close();
    }
    return this.#sizeBytes;
  }

  async finish(): Promise<ObjectInfo> {
    const handle = await this.#open("r");
    try {
      await onDisk(this.#at.data, () => handle.datasync());
    } finally {
      await handle.close();
    }
    const info = await this.#place(this.#at.data, this.#name);
    await this.abort();
    return info;
  }

  async abort(): Promise<void> {
    await onDisk(this.#at.folder, () => rm(this.#at.folder, { recursive: true, force: true }));
  }

  async #open(flags: "r" | "r+"): Promise<FileHandle> {
    const handle = await onDisk(this.#at.data, () => orAbsent(open(this.#at.data, flags)));
    if (handle !== undefined) return handle;
    throw new AppError("E_OBJECT_NOT_FOUND", `the upload ${this.id} of ${this.#name} is over`, {
      hint: "begin a new one",
    });
  }
}
