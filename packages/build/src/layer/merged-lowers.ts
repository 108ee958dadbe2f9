import { lstatSync, readdirSync, type Stats } from "node:fs";
import { AppError } from "@repo2singularity/base";
import { baseName, decodeName, hostPath, parentPath } from "@repo2singularity/image";

/** An entry of the merged tree, and the layer that it comes from. */
export interface LowerEntry {
  /** Where it lies on this host. */
  readonly path: string | Buffer;
  readonly stats: Stats;
}

/**
 * Looks into the tree that unpacked layers show together, without mounting it.
 * Whiteouts are understood; opaque folders do not occur in settled layers.
 */
export class MergedLowers {
  readonly #trees: readonly string[];
  /** For each folder of the merged tree the trees that take part in it, top first. */
  readonly #treesOfFolder: Map<string, readonly string[]>;

  /** @param lowerTrees bottom first */
  constructor(lowerTrees: readonly string[]) {
    this.#trees = lowerTrees.toReversed();
    this.#treesOfFolder = new Map([["", this.#trees]]);
  }

  /** The entry that is seen at a path; `undefined` when nothing is. Links on the way are not followed. */
  find(path: string): LowerEntry | undefined {
    for (const tree of this.#foldersAt(parentPath(path))) {
      const stats = statIfThere(hostPath(tree, path));
      if (stats === undefined) continue;
      return isWhiteout(stats) ? undefined : { path: hostPath(tree, path), stats };
    }
    return undefined;
  }

  /** The root folder, as the topmost tree has it. */
  root(): LowerEntry | undefined {
    const [top] = this.#trees;
    const stats = top === undefined ? undefined : statIfThere(top);
    return top === undefined || stats === undefined ? undefined : { path: top, stats };
  }

  /** Names that are seen in a folder, in no order; none when the path is no folder. */
  names(path: string): string[] {
    const folders = this.#foldersAt(path);
    const names = new Set(folders.flatMap((tree) => readNames(hostPath(tree, path))));
    return [...names].filter((name) => this.find(path === "" ? name : `${path}/${name}`) !== undefined);
  }

  /** To be called when somebody made a folder in one of the trees. */
  forgetFolder(path: string): void {
    this.#treesOfFolder.delete(path);
  }

  #foldersAt(path: string): readonly string[] {
    const known = this.#treesOfFolder.get(path);
    if (known !== undefined) return known;
    const folders: string[] = [];
    for (const tree of this.#foldersAt(parentPath(path))) {
      const stats = statIfThere(hostPath(tree, path));
      if (stats === undefined) continue;
      if (!stats.isDirectory()) break;
      folders.push(tree);
    }
    this.#treesOfFolder.set(path, folders);
    return folders;
  }
}

/** Whether an entry is the overlay's mark of a removed file. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function statIfThere(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readNames(path: string | Buffer): string[] {
  try {
    return readdirSync(path, { encoding: "buffer" }).map(decodeName);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string | Buffer, cause: unknown): AppError {
  const folder = baseName(path.toString());
  return new AppError("E_TREE_INVALID", `${path.toString()}: an earlier layer's ${folder} cannot be read`, {
    hint: "a step took all permissions from a folder: let it leave the owner's",
    cause,
  });
}
