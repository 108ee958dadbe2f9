import { compareNames, type TreeEntry } from "@repo2singularity/image";

/**
 * Orders paths as a tree is walked: a folder, then all that is in it, the names of one folder by their bytes.
 * Folders on disk and squashfs images are read in this order; archives may have any.
 */
export function compareTreeOrder(a: string, b: string): number {
  // no name holds a zero byte, and nothing sorts before it
  return compareNames(a.replaceAll("/", "\0"), b.replaceAll("/", "\0"));
}

/** Lets entries pass and sees whether they come in tree order, each path once. */
export class TreeOrderWatch {
  #last: string | undefined;
  #isOrdered = true;

  /** Whether everything that passed was in order. */
  get isOrdered(): boolean {
    return this.#isOrdered;
  }

  async *watch(entries: AsyncIterable<TreeEntry>): AsyncGenerator<TreeEntry, void, undefined> {
    for await (const entry of entries) {
      if (this.#last !== undefined && compareTreeOrder(this.#last, entry.path) >= 0) this.#isOrdered = false;
      this.#last = entry.path;
      yield entry;
    }
  }
}
