import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { formatPartMap, tryParsePartMap, type PartMap } from "./part-map.ts";

/**
 * A file that is being fetched: its content, and behind it, from the byte on where it will end, the map of the parts
 * that are there. Its name is its owner's alone, so that two processes never write into one file.
 */
export interface PartialFile {
  readonly path: string;
  readonly file: FileHandle;
  /** The map that an interrupted fetch of the same content left; undefined when there is none. */
  readMap(sizeBytes: number): Promise<PartMap | undefined>;
  writeMap(map: PartMap): Promise<void>;
  /** Gives the file its final name and closes it. @param sizeBytes of the content; what lies behind is cut off */
  finish(sizeBytes: number): Promise<void>;
  /** Closes it for a later fetch to go on with, or removes it, as what has no map is of no use to another. */
  leave(how: "keep" | "remove"): Promise<void>;
}

/** Nobody has written into it for so long: its owner was killed. Any fetch writes, retries or ends far earlier. */
const abandonedMs = 180_000;

/**
 * Opens the partial file of some content: one that an interrupted fetch left, else a new one. Taking one over is a
 * rename, which only one process can do.
 * @param id names the content, so that what is left of another is never taken: letters and digits
 * @param nowMs the time now, in ms since 1970
 */
export async function openPartialFile(target: string, id: string, nowMs: number): Promise<PartialFile> {
  const folder = path.dirname(target);
  const free = path.join(folder, `.${path.basename(target)}.${id}.partial`);
  const own = `${free}-${randomBytes(6).toString("hex")}`;
  const candidates = [free, ...(await abandonedFiles(free, nowMs))];
  let isTaken = false;
  for (const candidate of candidates) {
    isTaken = await rename(candidate, own).then(
      () => true,
      () => false, // not there, or another process was faster
    );
    if (isTaken) break;
  }
  const file = await open(own, isTaken ? "r+" : "wx+", 0o755).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("E_FILE_ACCESS", `${target}: cannot be written: ${reason}`, { cause: error });
  });
  return partialFile({ file, own, free, target });
}

function partialFile(parts: {
  readonly file: FileHandle;
  readonly own: string;
  readonly free: string;
  readonly target: string;
}): PartialFile {
  const { file, own, free, target } = parts;
  let hasMap = false;
  return {
    path: own,
    file,
    readMap: async (sizeBytes) => {
      const { size } = await file.stat();
      if (size <= sizeBytes || size - sizeBytes > mapLimitBytes) return undefined;
      const buffer = Buffer.alloc(size - sizeBytes);
      await file.read(buffer, 0, buffer.length, sizeBytes);
      const map = tryParsePartMap(buffer.toString("latin1"), sizeBytes);
      hasMap = map !== undefined;
      return map;
    },
    writeMap: async (map) => {
      hasMap = true;
      await file.write(Buffer.from(formatPartMap(map), "latin1"), undefined, undefined, map.sizeBytes);
    },
    finish: async (sizeBytes) => {
      await file.truncate(sizeBytes);
      await file.close();
      await rename(own, target);
    },
    leave: async (how) => {
      await file.close().catch(() => {}); // closed already when its last name could not be given
      if (how === "remove" || !hasMap) await rm(own, { force: true });
      else await rename(own, free).catch(() => {}); // it may have its final name already
    },
  };
}

/** Of a file of 16 TiB; more is no map. */
const mapLimitBytes = 4 * 2 ** 20;

async function abandonedFiles(free: string, nowMs: number): Promise<readonly string[]> {
  const folder = path.dirname(free);
  const prefix = `${path.basename(free)}-`;
  const names = await readdir(folder).catch(() => []);
  const old: string[] = [];
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const file = path.join(folder, name);
    const stats = await stat(file).catch(() => undefined); // its owner has just finished it
    if (stats !== undefined && nowMs - stats.mtimeMs > abandonedMs) old.push(file);
  }
  return old;
}
