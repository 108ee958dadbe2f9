import { chmodSync, lstatSync, mkdirSync, rmdirSync, unlinkSync, type Stats } from "node:fs";
import { AppError } from "@repo2singularity/base";
import { hostPath } from "../name-codec.ts";
import { parentPath } from "../normalize-path.ts";

/**
 * The folder that a tree is unpacked into, and which of its paths are known to be real directories.
 *
 * Node cannot open a file relative to an open directory, so every directory on the way is checked with `lstat` once,
 * and remembered as long as nothing replaces it: a symlink that waits in the folder, or that an earlier entry made, is
 * never passed through. Holds against what the tree and the folder contain, not against another process that changes
 * the folder meanwhile.
 */
export class TargetFolder {
  readonly root: string;
  readonly #checked = new Set<string>();

  /** @param root path of the folder; made when missing, may be a symlink to a directory */
  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true });
    this.#checked.add("");
  }

  /** Where an entry lies, for calls that do not follow links in the last part. */
  pathOf(path: string): string | Buffer {
    return hostPath(this.root, path);
  }

  /**
   * Makes sure that everything above an entry is a real directory.
   * @throws E_PATH_ESCAPE when a symlink is in the way, E_TREE_INVALID when something else is
   */
  ensureParent(path: string): void {
    const parent = parentPath(path);
    if (this.#checked.has(parent)) return;
    this.ensureParent(parent);
    this.ensureDirectory(parent);
  }

  /** Makes sure that a path whose parents are checked is a real directory that can be written to. */
  ensureDirectory(path: string): void {
    if (this.#checked.has(path)) return;
    const stats = this.#stats(path);
    if (stats === undefined) {
      mkdirSync(this.pathOf(path), { mode: 0o755 });
    } else if (stats.isSymbolicLink()) {
      throw new AppError("E_PATH_ESCAPE", `${path}: a symlink stands where a directory is needed`, {
        hint: "unpack into an empty folder",
      });
    } else if (!stats.isDirectory()) {
      throw new AppError("E_TREE_INVALID", `${path}: a file stands where a directory is needed`);
    } else if ((stats.mode & 0o700) !== 0o700) {
      chmodSync(this.pathOf(path), 0o700);
    }
    this.#checked.add(path);
  }

  /**
   * Clears the place of an entry that is no directory, or of a directory where something else stands.
   * @throws E_TREE_INVALID when a directory with content is in the way
   */
  clear(path: string, isForDirectory: boolean): void {
    const stats = this.#stats(path);
    if (stats === undefined || (isForDirectory && stats.isDirectory())) return;
    if (!stats.isDirectory()) {
      unlinkSync(this.pathOf(path));
      return;
    }
    try {
      rmdirSync(this.pathOf(path));
    } catch (cause) {
      throw new AppError("E_TREE_INVALID", `${path}: a directory with content is in the way`, {
        cause,
        hint: "unpack into an empty folder",
      });
    }
    this.#checked.delete(path);
  }

  #stats(path: string): Stats | undefined {
    return lstatSync(this.pathOf(path), { throwIfNoEntry: false });
  }
}
