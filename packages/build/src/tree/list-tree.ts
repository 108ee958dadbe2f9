import { readFile, rm } from "node:fs/promises";
import { type ExecutorHost, hostEnvironment } from "../executor/host.ts";

/** One file, folder or other entry of a tree on disk. */
export interface ListedEntry {
  /** Relative path; every character is one byte of the name (latin1), because names need not be UTF-8. */
  readonly path: string;
  /** As `find` names it: f, d, l, c, b, p, s. */
  readonly type: string;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Inode, size, mode and change time as text: differs after any change of the entry. */
  readonly stamp: string;
}

/** The bytes of a listed path below a folder, for calls of `node:fs`. */
export function listedPath(directory: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]);
}

/** Arguments of `find` that write all entries of a folder, but the folder itself, in the form of {@link parseListing}. */
export function listingArguments(directory: string, outputFile: string): string[] {
  return [directory, "-mindepth", "1", "-fprintf", outputFile, String.raw`%P\0%y %m %i %s %C@\0`];
}

/** The entries of a listing, parents before what is in them. Holds the whole list: about 200 bytes an entry. */
export function parseListing(listing: Buffer): ListedEntry[] {
  const fields = listing.toString("latin1").split("\0");
  const entries: ListedEntry[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const path = fields[index] ?? "";
    const stamp = fields[index + 1] ?? "";
    const [type = "", mode = ""] = stamp.split(" ");
    entries.push({ path, type, mode: Number.parseInt(mode, 8), stamp });
  }
  return entries;
}

/**
 * Lists a tree whose folders this user can read, 40 times as fast as Node's own calls.
 * @param listFile a file that is written and removed
 */
export async function listTree(
  host: ExecutorHost,
  directory: string,
  listFile: string,
  signal?: AbortSignal,
): Promise<ListedEntry[]> {
  await host.runner("find", listingArguments(directory, listFile), {
    env: hostEnvironment(host),
    ...(signal === undefined ? {} : { signal }),
  });
  const listing = await readFile(listFile);
  await rm(listFile);
  return parseListing(listing);
}

/** The path of the folder that an entry lies in; `""` for the top. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}
