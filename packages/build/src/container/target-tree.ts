import { chmodSync, constants, copyFileSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { AppError } from "@repo2singularity/base";
import { encodeName, hostPath, parentPath } from "@repo2singularity/image";
import { layersTree, resolvePath, type SourceItem } from "./source-tree.ts";

/**
 * The tree that a layer is being made of, before anything runs in it: files go into the layer's own folder, and links
 * of the layers below are followed as they would be in the finished image, never on this host.
 */
export class TargetTree {
  readonly #upper: string;
  readonly #view: ReturnType<typeof layersTree>;

  /** @param lowerTrees bottom first; @param upper the layer's own folder, in overlay form */
  constructor(lowerTrees: readonly string[], upper: string) {
    this.#upper = upper;
    this.#view = layersTree([...lowerTrees, upper]);
  }

  /** The entry at a path, every link followed. */
  find(path: string): SourceItem | undefined {
    const place = resolvePath(this.#view, path);
    return place === undefined ? undefined : this.#view.find(place);
  }

  /**
   * Where something at a path lies when every link is followed, relative to the root.
   * @throws E_TREE_INVALID when links lead in a circle
   */
  resolve(path: string): string {
    const place = resolvePath(this.#view, path);
    if (place !== undefined) return place;
    throw new AppError("E_TREE_INVALID", `/${path}: its links lead in a circle`);
  }

  /**
   * Makes a folder and those above it; one that is there keeps its mode.
   * @returns its path with every link followed
   * @throws E_TREE_INVALID when a file is in the way
   */
  ensureFolder(path: string, mode = 0o755): string {
    const place = this.resolve(path);
    this.#ensureOwn(place, mode);
    return place;
  }

  /** Writes a file of a given text. */
  writeFile(path: string, content: string, mode: number): void {
    const target = this.#makeWay(path);
    writeFileSync(target, content);
    chmodSync(target, mode);
  }

  /** Copies a file or a link, in place of whatever file is there. @param mode the file's own when left out */
  copy(item: SourceItem, path: string, mode = item.mode): void {
    const target = this.#makeWay(path);
    if (item.type === "symlink") {
      symlinkSync(encodeName(item.linkTarget ?? ""), target);
      return;
    }
    copyFileSync(item.host, target, constants.COPYFILE_FICLONE);
    chmodSync(target, mode);
  }

  /** Makes the folders above a file and removes what is in its place. */
  #makeWay(path: string): string | Buffer {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const folder = this.ensureFolder(parentPath(path));
    const place = folder === "" ? name : `${folder}/${name}`;
    if (this.#view.find(place)?.type === "directory") {
      throw new AppError("E_TREE_INVALID", `/${place}: a file cannot take the place of a folder`);
    }
    const target = hostPath(this.#upper, place);
    rmSync(target, { force: true });
    return target;
  }

  /** Makes a folder of the merged tree one of this layer too, with the mode that it has. */
  #ensureOwn(place: string, mode: number): void {
    if (place === "") return;
    const own = hostPath(this.#upper, place);
    if (lstatSync(own, { throwIfNoEntry: false })?.isDirectory() === true) return;
    this.#ensureOwn(parentPath(place), 0o755);
    const below = this.#view.find(place);
    if (below !== undefined && below.type !== "directory") {
      throw new AppError("E_TREE_INVALID", `/${place}: a folder cannot take the place of a file`);
    }
    rmSync(own, { force: true }); // the mark of a folder that was removed
    mkdirSync(own);
    chmodSync(own, below?.mode ?? mode);
    this.#view.madeFolder(place);
  }
}
