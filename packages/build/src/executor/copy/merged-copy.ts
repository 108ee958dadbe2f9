import { chmod, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePrograms } from "../../native/write-programs.ts";
import { makeWhiteouts } from "../../layer/whiteouts.ts";
import { type ListedEntry, listedPath, listingArguments, parseListing } from "../../tree/list-tree.ts";
import type { ExecutorHost } from "../host.ts";
import { type NamespaceOwner, runInNamespaces } from "../namespace/namespaces.ts";
import { planChanges } from "./plan-changes.ts";

/** What a merged copy is made from. */
export interface MergedCopySource {
  /** Layers, bottom first. */
  readonly lowerTrees: readonly string[];
  readonly owner: NamespaceOwner;
  readonly signal?: AbortSignal;
}

/** Lists a tree as uid 0 of a namespace, which also sees into folders without permissions. */
const listScript = `exec find "$@"`;

const copyScript = `
set -eu
exec cp -a --reflink=auto --remove-destination "$1/." "$2/"
`;

const openFoldersScript = `exec find "$1" -type d ! -perm -700 -exec chmod u+rwx {} ";"`;

/**
 * A root tree without any overlay: a full copy of the merged lower trees in which steps run, and a comparison
 * of all files' stamps (inode, size, mode, change time) that finds what they changed.
 */
export class MergedCopy {
  readonly #host: ExecutorHost;
  readonly #scratchDir: string;
  readonly #owner: NamespaceOwner;
  #before: readonly ListedEntry[] = [];

  private constructor(host: ExecutorHost, scratchDir: string, owner: NamespaceOwner) {
    this.#host = host;
    this.#scratchDir = scratchDir;
    this.#owner = owner;
  }

  /** Copies the trees into `merged` of a scratch folder that has `skeleton` and `bin`. */
  static async create(host: ExecutorHost, scratchDir: string, source: MergedCopySource): Promise<MergedCopy> {
    const copy = new MergedCopy(host, scratchDir, source.owner);
    await mkdir(copy.#merged);
    const types = new Map<string, string>();
    for (const tree of [join(scratchDir, "skeleton"), ...source.lowerTrees]) {
      source.signal?.throwIfAborted();
      await copy.#addLayer(tree, types, source.signal);
    }
    copy.#before = await copy.#list(copy.#merged, source.signal);
    return copy;
  }

  /** Moves what steps changed into a folder in overlay form; the copy is of no use afterwards. */
  async extractChanges(upperDir: string): Promise<void> {
    const after = await this.#list(this.#merged);
    const { changed, removed } = planChanges(this.#before, after);
    await this.#run(openFoldersScript, [this.#merged]);

    const folders = changed.filter(({ type }) => type === "d");
    for (const entry of changed) {
      if (entry.type === "d") await mkdir(listedPath(upperDir, entry.path), { recursive: true });
      else await rename(listedPath(this.#merged, entry.path), listedPath(upperDir, entry.path));
    }
    const { whiteout } = await writePrograms(join(this.#scratchDir, "bin"), this.#host.processor, ["whiteout"]);
    await makeWhiteouts(this.#host, whiteout, upperDir, removed);
    for (const folder of folders.toReversed()) await chmod(listedPath(upperDir, folder.path), folder.mode);
    this.#before = after;
  }

  get #merged(): string {
    return join(this.#scratchDir, "merged");
  }

  /** Copies one layer over the others, after what it removes or replaces by something of another type is gone. */
  async #addLayer(tree: string, types: Map<string, string>, signal?: AbortSignal): Promise<void> {
    const entries = await this.#list(tree, signal);
    const whiteouts = entries.filter(({ type }) => type === "c");
    for (const { path, type } of entries) {
      const below = types.get(path);
      const isReplaced = below !== undefined && below !== type && (below === "d" || type === "d");
      if (isReplaced || type === "c") await rm(listedPath(this.#merged, path), { recursive: true, force: true });
      types.set(path, type);
    }
    await this.#run(copyScript, [tree, this.#merged], signal);
    for (const { path } of whiteouts) {
      await rm(listedPath(this.#merged, path));
      types.delete(path);
    }
  }

  async #list(directory: string, signal?: AbortSignal): Promise<ListedEntry[]> {
    const file = join(this.#scratchDir, "listing");
    await this.#run(listScript, listingArguments(directory, file), signal);
    return parseListing(await readFile(file));
  }

  async #run(script: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
    await runInNamespaces(this.#host, {
      owner: this.#owner,
      directory: this.#scratchDir,
      script,
      args,
      ownNetwork: false,
      process: signal === undefined ? {} : { signal },
    });
  }
}
