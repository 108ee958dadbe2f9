import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  constants,
  type BigIntStats,
} from "node:fs";
import { AppError } from "@repo2singularity/base";
import type { DeviceNumber, EntryContent, EntryType, TreeEntry } from "./entry.ts";
import { compareNames, decodeName, hostPath } from "./name-codec.ts";

/** How {@link walkDirectory} reads a folder. */
export interface WalkDirectoryOptions {
  /** `keep` the owners of the files, or say `root` (0:0) for all. */
  readonly ownership: "keep" | "root";
  /** `keep` the files' times (whole seconds and fraction), or one time for all. */
  readonly mtime: "keep" | { readonly fixedSeconds: number };
  /** Which extended attributes the entries carry; `user` keeps `user.*` only. Needs `readXattrs` unless `none`. */
  readonly xattrs: "keep" | "none" | "user";
  /**
   * Reads extended attributes, for which Node has no call: given the paths (relative to the folder, `""` for itself)
   * of one directory's entries, sorted, answers the attributes of those that have any.
   */
  readonly readXattrs?: XattrReader;
  /** False leaves an entry out, and with a directory everything in it. The root itself is not asked for. */
  readonly filter?: (entry: TreeEntry) => boolean;
  readonly signal?: AbortSignal;
}

/** See {@link WalkDirectoryOptions.readXattrs}. */
export type XattrReader = (paths: readonly string[]) => Promise<ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>>;

/** How many bytes a file is read at a time. */
const readBytes = 1_048_576;

/**
 * The entries of a folder on this host: the folder itself first (path `""`), then everything in it, parents first,
 * the names of each directory in the order of their bytes. A further name of a file that came before is a `hardlink`.
 *
 * Mount points inside are walked like directories. Files are opened without following links, and only when their
 * content is asked for; a file that shrank since is an error, one that grew is cut at the size that was announced.
 * Memory: the names on the way down, and one number per file with several names.
 *
 * @param root path of the folder; may itself be a symlink to one
 * @throws E_TREE_INVALID when a file changed while it was read
 */
export async function* walkDirectory(
  root: string,
  options: WalkDirectoryOptions,
): AsyncGenerator<TreeEntry, void, undefined> {
  const walk: Walk = { root, options, firstNames: new Map() };
  const stats = lstatSync(`${root}/.`, { bigint: true });
  const xattrs = await xattrsOf(walk, [""]);
  yield toEntry(walk, "", stats, xattrs.get(""));
  yield* walkInside(walk, "");
}

interface Walk {
  readonly root: string;
  readonly options: WalkDirectoryOptions;
  /** Path of the first name by `device:inode`, of files with several names. */
  readonly firstNames: Map<string, string>;
}

async function* walkInside(walk: Walk, directory: string): AsyncGenerator<TreeEntry, void, undefined> {
  walk.options.signal?.throwIfAborted();
  const names = readdirSync(hostPath(walk.root, directory), { encoding: "buffer" }).map(decodeName);
  const paths = names.sort(compareNames).map((name) => (directory === "" ? name : `${directory}/${name}`));
  await new Promise(setImmediate); // the calls here are synchronous, which is faster: let others run in between
  const xattrs = await xattrsOf(walk, paths);
  for (const path of paths) {
    const stats = lstatSync(hostPath(walk.root, path), { bigint: true });
    const entry = toEntry(walk, path, stats, xattrs.get(path));
    if (walk.options.filter?.(entry) === false) continue;
    if (entry.type === "file" && stats.nlink > 1n) walk.firstNames.set(`${stats.dev}:${stats.ino}`, path);
    yield entry;
    if (entry.type === "directory") yield* walkInside(walk, path);
  }
}

function toEntry(
  walk: Walk,
  path: string,
  stats: BigIntStats,
  xattrs: ReadonlyMap<string, Uint8Array> | undefined,
): TreeEntry {
  const { ownership, mtime } = walk.options;
  const earlier = stats.nlink > 1n ? walk.firstNames.get(`${stats.dev}:${stats.ino}`) : undefined;
  const type = earlier === undefined ? typeOf(stats, path) : "hardlink";
  const sizeBytes = type === "file" ? Number(stats.size) : 0;
  const facts = {
    path,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: ownership === "root" ? 0 : Number(stats.uid),
    gid: ownership === "root" ? 0 : Number(stats.gid),
    mtimeSeconds: mtime === "keep" ? Number(stats.mtimeNs) / 1e9 : mtime.fixedSeconds,
    sizeBytes,
    ...(xattrs === undefined || xattrs.size === 0 ? {} : { xattrs }),
  };
  if (earlier !== undefined) return { ...facts, linkTarget: earlier };
  if (type === "symlink") {
    return { ...facts, linkTarget: decodeName(readlinkSync(hostPath(walk.root, path), { encoding: "buffer" })) };
  }
  if (type === "char" || type === "block") return { ...facts, device: splitDevice(stats.rdev) };
  if (type === "file" && sizeBytes > 0) return { ...facts, content: fileContent(hostPath(walk.root, path), sizeBytes) };
  return facts;
}

function typeOf(stats: BigIntStats, path: string): EntryType {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isCharacterDevice()) return "char";
  if (stats.isBlockDevice()) return "block";
  if (stats.isFIFO()) return "fifo";
  if (stats.isSocket()) return "socket";
  throw new AppError("E_TREE_INVALID", `${path}: a file of an unknown kind`);
}

/** glibc's `gnu_dev_major` and `gnu_dev_minor`. */
function splitDevice(device: bigint): DeviceNumber {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffff_ff00n)),
  };
}

async function xattrsOf(
  walk: Walk,
  paths: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>> {
  const { xattrs, readXattrs } = walk.options;
  if (xattrs === "none" || readXattrs === undefined || paths.length === 0) return new Map();
  const all = await readXattrs(paths);
  if (xattrs === "keep") return all;
  return new Map(
    [...all].map(([path, values]) => [path, new Map([...values].filter(([name]) => name.startsWith("user.")))]),
  );
}

/** The content of a file of this host. */
export function fileContent(path: string | Buffer, sizeBytes: number): EntryContent {
  return { stream: () => readHostFile(path, sizeBytes), hostPath: path };
}

/**
 * Reads exactly `sizeBytes` bytes of a regular file, 1 MiB at a time in memory that is reused.
 * @throws E_TREE_INVALID when the file is shorter
 */
export async function* readHostFile(
  path: string | Buffer,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(sizeBytes, readBytes));
    for (let at = 0; at < sizeBytes;) {
      const got = readSync(descriptor, buffer, 0, Math.min(buffer.length, sizeBytes - at), null);
      if (got === 0) {
        throw new AppError(
          "E_TREE_INVALID",
          `${path.toString()}: ${sizeBytes} bytes expected, the file ends at ${at}`,
          {
            hint: "the file changed while it was read: stop what writes it and try again",
          },
        );
      }
      at += got;
      yield buffer.subarray(0, got);
      if (at < sizeBytes) await new Promise(setImmediate);
    }
  } finally {
    closeSync(descriptor);
  }
}
