import { AppError } from "@repo2singularity/base";
import type { DeviceNumber, EntryType, TreeEntry } from "../../tree/entry.ts";
import { encodeName } from "../../tree/name-codec.ts";
import { baseName, parentPath } from "../../tree/normalize-path.ts";
import { MAX_NAME_BYTES, MAX_SYMLINK_BYTES } from "../layout.ts";
import type { FileData } from "./file-data.ts";

/** One inode of the image to be, under one or several names. */
export interface InodeNode {
  readonly type: Exclude<EntryType, "hardlink">;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array> | undefined;
  /** Text of a symlink. */
  readonly linkTarget: Buffer | undefined;
  readonly device: DeviceNumber | undefined;
  /** Content of a file. */
  readonly data: FileData | undefined;
  /** Names that lead to it; of a directory, 1. */
  nameCount: number;
  /** From 1; 0 until numbers are given. */
  inodeNumber: number;
  /** What a directory holds, by name. */
  readonly children: Map<string, InodeNode> | undefined;
}

/** A directory's node. */
export interface DirectoryNode extends InodeNode {
  readonly children: Map<string, InodeNode>;
}

/** Levels of directories; beyond it no path could be opened. */
const maxDepth = 2048;

/**
 * The tree that a stream of entries describes: parents that are missing are made, of entries with the same path the
 * last one counts, as when an archive is unpacked.
 * Memory: about 500 bytes an entry.
 */
export class TreeModel {
  readonly #defaultMtime: number;
  #root: DirectoryNode;
  #lastParent: { readonly path: string; readonly node: DirectoryNode };

  /** @param defaultMtime seconds, for directories that no entry describes */
  constructor(defaultMtime: number) {
    this.#defaultMtime = defaultMtime;
    this.#root = this.#defaultDirectory();
    this.#lastParent = { path: "", node: this.#root };
  }

  get root(): DirectoryNode {
    return this.#root;
  }

  /**
   * Puts an entry into the tree.
   * @param data the packed content of a file
   * @throws E_TREE_INVALID when a parent is no directory, a hard link leads nowhere, or a name is too long
   */
  add(entry: TreeEntry, data: FileData | undefined): void {
    if (entry.path === "") {
      this.#setRoot(entry);
      return;
    }
    const parent = this.#directoryAt(parentPath(entry.path), entry.path);
    const name = baseName(entry.path);
    if (name.length * 3 > MAX_NAME_BYTES && encodeName(name).length > MAX_NAME_BYTES)
      throw invalid(entry, `a name of more than ${MAX_NAME_BYTES} bytes`);
    const earlier = parent.children.get(name);
    const node = entry.type === "hardlink" ? this.#linked(entry) : nodeOf(entry, data, earlier?.children);
    if (node === earlier) return;
    if (earlier !== undefined) {
      earlier.nameCount--;
      this.#lastParent = { path: "", node: this.#root };
    }
    if (entry.type === "hardlink") node.nameCount++;
    parent.children.set(name, node);
  }

  #setRoot(entry: TreeEntry): void {
    if (entry.type !== "directory") throw invalid(entry, `the root is a ${entry.type}`);
    this.#root = directoryOf(entry, this.#root.children);
    this.#lastParent = { path: "", node: this.#root };
  }

  #linked(entry: TreeEntry): InodeNode {
    const path = entry.linkTarget ?? "";
    const parent = this.#find(parentPath(path));
    const target = parent?.children?.get(baseName(path));
    if (target === undefined) throw invalid(entry, `a hard link to ${path}, which did not come before it`);
    if (target.children !== undefined) throw invalid(entry, `a hard link to the directory ${path}`);
    return target;
  }

  #find(path: string): InodeNode | undefined {
    let node: InodeNode | undefined = this.#root;
    for (const part of path === "" ? [] : path.split("/")) node = node?.children?.get(part);
    return node;
  }

  #directoryAt(path: string, forPath: string): DirectoryNode {
    if (this.#lastParent.path === path) return this.#lastParent.node;
    const parts = path === "" ? [] : path.split("/");
    if (parts.length > maxDepth) {
      throw new AppError("E_TREE_INVALID", `${forPath.slice(0, 200)}…: more than ${maxDepth} levels of directories`);
    }
    let node = this.#root;
    for (const part of parts) node = this.#childDirectory(node, part, forPath);
    this.#lastParent = { path, node };
    return node;
  }

  #childDirectory(parent: DirectoryNode, name: string, forPath: string): DirectoryNode {
    const child = parent.children.get(name);
    if (child === undefined) {
      const made = this.#defaultDirectory();
      parent.children.set(name, made);
      return made;
    }
    if (isDirectory(child)) return child;
    throw new AppError("E_TREE_INVALID", `${forPath}: the parent ${name} is a ${child.type}, not a directory`);
  }

  #defaultDirectory(): DirectoryNode {
    const entry = { path: "", type: "directory", mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 } as const;
    return directoryOf({ ...entry, mtimeSeconds: this.#defaultMtime }, new Map());
  }
}

/** Whether a node has children. */
export function isDirectory(node: InodeNode): node is DirectoryNode {
  return node.children !== undefined;
}

function nodeOf(
  entry: TreeEntry,
  data: FileData | undefined,
  earlierChildren: Map<string, InodeNode> | undefined,
): InodeNode {
  if (entry.type === "directory") return directoryOf(entry, earlierChildren ?? new Map());
  if (entry.type === "hardlink") throw invalid(entry, "a hard link has no inode of its own");
  const linkTarget = entry.type === "symlink" ? encodeName(entry.linkTarget ?? "") : undefined;
  if (linkTarget !== undefined && (linkTarget.length === 0 || linkTarget.length > MAX_SYMLINK_BYTES)) {
    throw invalid(entry, `a symlink's text has ${linkTarget.length} bytes, 1 to ${MAX_SYMLINK_BYTES} are possible`);
  }
  const isDevice = entry.type === "char" || entry.type === "block";
  const device = isDevice ? (entry.device ?? { major: 0, minor: 0 }) : undefined;
  if (device !== undefined && (device.major > 0xfff || device.minor > 0xf_ffff)) {
    throw invalid(entry, `the device number ${device.major}:${device.minor} is above 4095:1048575`);
  }
  return { ...attributesOf(entry), type: entry.type, linkTarget, device, data, children: undefined };
}

function directoryOf(entry: TreeEntry, children: Map<string, InodeNode>): DirectoryNode {
  return {
    ...attributesOf(entry),
    type: "directory",
    linkTarget: undefined,
    device: undefined,
    data: undefined,
    children,
  };
}

function attributesOf(
  entry: TreeEntry,
): Pick<InodeNode, "mode" | "uid" | "gid" | "mtimeSeconds" | "xattrs" | "nameCount" | "inodeNumber"> {
  return {
    mode: entry.mode & 0o7777,
    uid: entry.uid,
    gid: entry.gid,
    mtimeSeconds: Math.min(0xffff_ffff, Math.max(0, Math.floor(entry.mtimeSeconds))),
    xattrs: entry.xattrs !== undefined && entry.xattrs.size > 0 ? entry.xattrs : undefined,
    nameCount: 1,
    inodeNumber: 0,
  };
}

function invalid(entry: TreeEntry, problem: string): AppError {
  return new AppError("E_TREE_INVALID", `${entry.path}: ${problem}`);
}
