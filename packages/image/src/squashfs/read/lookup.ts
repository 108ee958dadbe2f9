import { decodeName, encodeName } from "../../tree/name-codec.ts";
import { decodeListing, type DirectoryRecord } from "./directory.ts";
import type { EntrySource } from "./entry.ts";
import type { DirectoryInode, Inode } from "./inode.ts";
import { displayName, inodeOfRecord, joinPath } from "./walk.ts";

/** As many links as Linux follows in one path. */
const MAX_LINKS = 40;

/** An inode and the path it was found at, links resolved. */
export interface Found {
  readonly inode: Inode;
  readonly path: string;
}

/**
 * Finds a path in an image.
 * @param path relative or absolute; empty parts and `.` are skipped
 * @param followLinks whether symbolic links are followed, the last part included; targets stay inside the image
 * @returns `undefined` when there is no such path, or its links lead nowhere or in a circle
 * @throws E_SQUASHFS_INVALID when a directory on the way is damaged
 */
export function findPath(
  source: EntrySource,
  root: DirectoryInode,
  path: string,
  followLinks: boolean,
): Found | undefined {
  const rootFound: Found = { inode: root, path: "" };
  const stack: Found[] = [rootFound];
  const parts = path.split("/").reverse();
  let linksLeft = MAX_LINKS;
  while (parts.length > 0) {
    const part = parts.pop();
    const here = stack.at(-1) ?? rootFound;
    if (here.inode.kind !== "directory") return undefined;
    if (part === undefined || part === "" || part === ".") continue;
    if (part === "..") {
      stack.pop();
      continue;
    }
    const found = findName(source, { inode: here.inode, path: here.path }, part);
    if (found === undefined) return undefined;
    if (found.inode.kind === "symlink" && followLinks) {
      linksLeft -= 1;
      if (linksLeft < 0) return undefined;
      const target = decodeName(found.inode.target);
      if (target.startsWith("/")) stack.length = 0;
      parts.push(...target.split("/").reverse());
      continue;
    }
    stack.push(found);
  }
  return stack.at(-1) ?? rootFound;
}

function findName(
  source: EntrySource,
  directory: { readonly inode: DirectoryInode; readonly path: string },
  name: string,
): Found | undefined {
  const byteName = encodeName(name).toString("latin1");
  const record = searchRecords(decodeListing(source.tables.directories, directory.inode), byteName);
  if (record === undefined) return undefined;
  return { inode: inodeOfRecord(source, record), path: joinPath(directory.path, displayName(byteName)) };
}

function searchRecords(records: readonly DirectoryRecord[], byteName: string): DirectoryRecord | undefined {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const name = records[middle]?.byteName ?? "";
    if (name < byteName) low = middle + 1;
    else high = middle;
  }
  const record = records[low];
  return record?.byteName === byteName ? record : undefined;
}
