import { chmod, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hostPath } from "@repo2singularity/image";
import { makeWhiteouts } from "../../layer/whiteouts.ts";
import { writePrograms } from "../../native/write-programs.ts";
import { type ListedEntry, listingArguments, parseListing } from "../../tree/list-tree.ts";
import type { ExecutorHost } from "../host.ts";
import { planChanges } from "./plan-changes.ts";

/** What a merged copy is made from. */
export interface MergedCopySource {
  /** Layers, bottom first. */
  readonly lowerTrees: readonly string[];
  readonly upperDir: string;
  /**
   * Runs an sh script of the host with the scratch folder as working folder: as uid 0 of a namespace where
   * one can be had, which also sees into folders without permissions.
   */
  readonly runScript: (script: string, args: readonly string[]) => Promise<unknown>;
}

/** Name of the copy in the scratch folder. */
export const mergedFolder = "merged";

const listScript = `exec find "$@"`;
const listAndOpenScript = `exec find "$@" -type d ! -perm -700 -exec chmod u+rwx {} ";"`;
const copyScript = `exec cp -a --reflink=auto --remove-destination "$1/." "$2/"`;
const emptyFolderScript = `exec find "$1" -mindepth 1 -delete`;

/**
 * A root tree without any overlay: a full copy of the merged trees in which steps run, and a comparison
 * of all entries' stamps (inode, size, mode, change time) that finds what they changed.
 */
export class MergedCopy {
  readonly #host: ExecutorHost;
  readonly #scratchDir: string;
  readonly #merged: string;
  readonly #source: MergedCopySource;
  #before: readonly ListedEntry[] = [];
  #isExtracted = false;

  private constructor(host: ExecutorHost, scratchDir: string, source: MergedCopySource) {
    this.#host = host;
    this.#scratchDir = scratchDir;
    this.#merged = join(scratchDir, mergedFolder);
    this.#source = source;
  }

  /** Copies the trees into `merged` of a scratch folder that has `skeleton` and `bin`. */
  static async create(host: ExecutorHost, scratchDir: string, source: MergedCopySource): Promise<MergedCopy> {
    const copy = new MergedCopy(host, scratchDir, source);
    await mkdir(copy.#merged);
    const types = new Map<string, string>();
    for (const tree of [join(scratchDir, "skeleton"), ...source.lowerTrees]) await copy.#addLayer(tree, types);
    copy.#before = await copy.#list(copy.#merged);
    // What is in the upper folder already differs from the trees below, like what steps will change.
    if ((await readdir(source.upperDir)).length > 0) await copy.#addLayer(source.upperDir, types);
    return copy;
  }

  /** Moves all that differs from the lower trees into the upper folder, once; the copy is of no use afterwards. */
  async extractChanges(): Promise<void> {
    if (this.#isExtracted) return;
    this.#isExtracted = true;
    const { upperDir, runScript } = this.#source;
    const { changed, removed } = planChanges(this.#before, await this.#list(this.#merged, listAndOpenScript));
    await runScript(emptyFolderScript, [upperDir]);
    for (const entry of changed) {
      if (entry.type === "d") await mkdir(hostPath(upperDir, entry.path));
      else await rename(hostPath(this.#merged, entry.path), hostPath(upperDir, entry.path));
    }
    const { whiteout } = await writePrograms(join(this.#scratchDir, "bin"), this.#host.processor, ["whiteout"]);
    await makeWhiteouts(this.#host, whiteout, upperDir, removed);
    const folders = changed.filter(({ type }) => type === "d");
    for (const folder of folders.toReversed()) await chmod(hostPath(upperDir, folder.path), folder.mode);
  }

  /** Copies one layer over the others, after what it removes or replaces by something of another type is gone. */
  async #addLayer(tree: string, types: Map<string, string>): Promise<void> {
    const entries = await this.#list(tree);
    for (const { path, type } of entries) {
      const below = types.get(path);
      const isReplaced = below !== undefined && below !== type && (below === "d" || type === "d");
      if (isReplaced || type === "c") await rm(hostPath(this.#merged, path), { recursive: true, force: true });
      types.set(path, type);
    }
    await this.#source.runScript(copyScript, [tree, this.#merged]);
    for (const { path } of entries.filter(({ type }) => type === "c")) {
      await rm(hostPath(this.#merged, path));
      types.delete(path);
    }
  }

  async #list(directory: string, script: string = listScript): Promise<ListedEntry[]> {
    const file = join(this.#scratchDir, "listing");
    await this.#source.runScript(script, listingArguments(directory, file));
    return parseListing(await readFile(file));
  }
}
