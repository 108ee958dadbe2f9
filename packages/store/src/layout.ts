import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, sha256Hex, type Digest } from "@repo2singularity/base";
import { guarded } from "./failure.ts";

/**
 * Where things lie in a store.
 *
 * | Path | Holds |
 * |---|---|
 * | `files/ab/abcd…` | a file named by the sha256 of its content, mode 0444; its mtime is its last use |
 * | `records/KIND/ab/abcd…` | a JSON document named by the sha256 of its key; its mtime is its last use |
 * | `trees/KEY/tree` | an unpacked tree; `trees/KEY/tree.json` has its size, and its mtime is its last use |
 * | `locks/…` | a folder for each lock that is held, and a file that names its owner |
 * | `leases/OWNER-…` | what an open store handle has given out |
 * | `tmp/OWNER-…` | unfinished work |
 */
export interface Layout {
  readonly directory: string;
  readonly files: string;
  readonly records: string;
  readonly trees: string;
  readonly locks: string;
  readonly leases: string;
  readonly tmp: string;
}

const digestPattern = /^sha256:(?<hex>[0-9a-f]{64})$/;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** The layout of a store in a folder; creates nothing. */
export function layoutOf(directory: string): Layout {
  const at = (name: string): string => join(directory, name);
  return {
    directory,
    files: at("files"),
    records: at("records"),
    trees: at("trees"),
    locks: at("locks"),
    leases: at("leases"),
    tmp: at("tmp"),
  };
}

/**
 * Makes the folders of a store; only their owner may look inside, because repositories may be private.
 * @throws E_STORE_UNUSABLE when that is not allowed here, E_NO_SPACE when the disk is full
 */
export async function ensureLayout(layout: Layout): Promise<void> {
  await guarded(layout.directory, async () => {
    await mkdir(layout.directory, { recursive: true, mode: 0o700 });
    const { directory: _directory, ...folders } = layout;
    await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })));
  });
}

/**
 * The path of a file by its digest, whether it is there or not.
 * @throws E_INTERNAL when the digest is not one, which would be a path of somebody's choice
 */
export function filePath(layout: Layout, digest: Digest): string {
  const hex = digestPattern.exec(digest)?.groups?.["hex"];
  if (hex === undefined) throw new AppError("E_INTERNAL", `"${digest}" is not a sha256 digest`);
  return join(layout.files, hex.slice(0, 2), hex);
}

/**
 * The path of a file of the store in `directory`, whether it is there or not; for callers that cannot wait for
 * `Store.find`. A file that is reached in this way is not held against collection.
 * @throws E_INTERNAL when the digest is not one
 */
export function storedFilePath(directory: string, digest: Digest): string {
  return filePath(layoutOf(directory), digest);
}

/** The digest of a file by its name in `files/`, or undefined for a foreign file. */
export function digestOfName(name: string): Digest | undefined {
  return digestPattern.test(`sha256:${name}`) ? `sha256:${name}` : undefined;
}

/** The path of a record by its kind and key. */
export function recordPath(layout: Layout, kind: string, key: string): string {
  const hex = sha256Hex(key);
  return join(layout.records, checkedName(kind), hex.slice(0, 2), hex);
}

/** The folder around a tree, which holds the tree itself and what is known about it. */
export function treeFolder(layout: Layout, key: string): string {
  return join(layout.trees, checkedName(key));
}

/** @throws E_INTERNAL when a name could leave its folder or is too long for a file system */
function checkedName(name: string): string {
  if (!namePattern.test(name)) throw new AppError("E_INTERNAL", `"${name}" cannot be a name in the store`);
  return name;
}
