import { readFile, rm, stat } from "node:fs/promises";
import { defaultMaxFiles, tooManyFiles } from "@repo2singularity/base";
import { decodeName } from "@repo2singularity/image";
import { type ExecutorHost, hostEnvironment } from "../executor/host.ts";

/** One file, folder or other entry of a tree on disk. */
export interface ListedEntry {
  /** Relative path, in the form of a `TreeEntry`. */
  readonly path: string;
  /** As `find` names it: f, d, l, c, b, p, s. */
  readonly type: string;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Type, mode, inode, size and change time as text: differs after any change of the entry. */
  readonly stamp: string;
}

/** Arguments of `find` that write all entries of a folder, but the folder itself, in the form of {@link parseListing}. */
export function listingArguments(directory: string, outputFile: string): string[] {
  return [directory, "-mindepth", "1", "-fprintf", outputFile, String.raw`%P\0%y %m %i %s %C@\0`];
}

/** The entries of a listing, parents before what is in them. Holds the whole list: about 300 bytes an entry. */
export function parseListing(listing: Buffer): ListedEntry[] {
  const entries: ListedEntry[] = [];
  let at = 0;
  const nextField = (): string => {
    const end = listing.indexOf(0, at);
    const field = decodeName(listing.subarray(at, end));
    at = end + 1;
    return field;
  };
  while (at < listing.length) {
    const path = nextField();
    const stamp = nextField();
    const [type = "", mode = ""] = stamp.split(" ");
    entries.push({ path, type, mode: Number.parseInt(mode, 8), stamp });
  }
  return entries;
}

/** Bytes of a listing that is read as a whole: eight million entries of a usual length. */
const longestListing = 2 ** 30;

/** Every entry ends two fields. */
function countEntries(listing: Buffer): number {
  let count = 0;
  for (let at = listing.indexOf(0); at !== -1; at = listing.indexOf(0, at + 1)) count += 1;
  return count / 2;
}

/** How a tree is listed. */
export interface ListTreeOptions {
  /** Entries that it may have; `defaultMaxFiles` when left out. */
  readonly maxFiles?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists a tree of this user and gives itself all permissions on its folders as it goes; entries carry the
 * permissions that were there before. Many times as fast as Node's own calls.
 * @param listFile a file that is written and removed
 * @throws E_LIMIT_EXCEEDED for more entries than may be, before memory is taken for each
 */
export async function listAndOpenTree(
  host: ExecutorHost,
  directory: string,
  listFile: string,
  { maxFiles = defaultMaxFiles, signal }: ListTreeOptions = {},
): Promise<ListedEntry[]> {
  const openFolders = ["-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "{}", ";"];
  await host.runner("find", [...listingArguments(directory, listFile), ...openFolders], {
    env: hostEnvironment(host),
    ...(signal === undefined ? {} : { signal }),
  });
  const { size } = await stat(listFile);
  const listing = size > longestListing ? undefined : await readFile(listFile);
  await rm(listFile);
  if (listing === undefined || countEntries(listing) > maxFiles) throw tooManyFiles("what the step left", maxFiles);
  return parseListing(listing);
}
