import { isAppError } from "@repo2singularity/base";
import type { SquashfsEntry } from "./read/entry.ts";
import { checkExportTable, checkTableOrder } from "./read/verify-structure.ts";
import type { SquashfsImage } from "./squashfs-image.ts";

/** What {@link verifySquashfs} found. */
export interface VerifyReport {
  /** One sentence each, at most 100; empty for a sound image. */
  readonly problems: readonly string[];
  /** Inodes that were reached, and of them files and directories. */
  readonly inodeCount: number;
  readonly fileCount: number;
  readonly directoryCount: number;
  /** Bytes of all files, each inode once, holes included. */
  readonly contentBytes: number;
  readonly fragmentCount: number;
}

/** How to verify. */
export interface VerifyOptions {
  /** Called with the bytes of content that were checked so far. */
  readonly onProgress?: (contentBytes: number) => void;
  readonly signal?: AbortSignal;
}

const MOST_PROBLEMS = 100;

/**
 * Reads everything of an image and reports what is wrong with it: structure, order of tables, names and links, and
 * whether every block unpacks to its size.
 *
 * Damage does not throw but stands in the report; when the tree cannot be walked to its end, the report says so and
 * the counts are of what was reached. Memory: as for reading, and a number for each inode.
 * @throws an abort; the system's error when the file cannot be read
 */
export async function verifySquashfs(image: SquashfsImage, options: VerifyOptions = {}): Promise<VerifyReport> {
  const verification = new Verification(image, options);
  await verification.attempt("", async () => verification.addAll(checkTableOrder(image.superblock)));
  await verification.attempt("", () => verification.walk());
  await verification.attempt("", async () => verification.addAll(await checkExportTable(image, MOST_PROBLEMS)));
  await verification.attempt("", () => verification.readFragments());
  return verification.report();
}

class Verification {
  readonly #image: SquashfsImage;
  readonly #options: VerifyOptions;
  readonly #problems: string[] = [];
  /** Names found so far of every inode, by its number, and how many it says it has. */
  readonly #links = new Map<number, { readonly announced: number; found: number }>();
  #fileCount = 0;
  #directoryCount = 0;
  #contentBytes = 0;

  constructor(image: SquashfsImage, options: VerifyOptions) {
    this.#image = image;
    this.#options = options;
  }

  addAll(problems: readonly string[]): void {
    for (const problem of problems) if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(problem);
  }

  /** Does a part of the work; damage that ends it becomes a problem. */
  async attempt(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.addAll([path === "" ? error.message : `${path}: ${error.message}`]);
    }
  }

  async walk(): Promise<void> {
    const { signal } = this.#options;
    for await (const entry of this.#image.entries(signal === undefined ? {} : { signal })) {
      this.#countLink(entry);
      if (entry.type === "file") await this.#readFile(entry);
      if (entry.type === "directory") this.#directoryCount += 1;
    }
    const { inodeCount } = this.#image.superblock;
    if (this.#links.size !== inodeCount) {
      this.addAll([`the image announces ${inodeCount} inodes, its directories lead to ${this.#links.size}`]);
    }
    for (const [inodeNumber, { announced, found }] of this.#links) {
      if (announced !== found) this.addAll([`inode ${inodeNumber} announces ${announced} names and has ${found}`]);
    }
  }

  async readFragments(): Promise<void> {
    const { reader, tables } = await this.#image.load();
    for (const index of tables.fragments.keys()) {
      this.#options.signal?.throwIfAborted();
      await this.attempt(`fragment ${index}`, async () => {
        await reader.fragment(index);
      });
    }
  }

  report(): VerifyReport {
    return {
      problems: this.#problems,
      inodeCount: this.#links.size,
      fileCount: this.#fileCount,
      directoryCount: this.#directoryCount,
      contentBytes: this.#contentBytes,
      fragmentCount: this.#image.superblock.fragmentCount,
    };
  }

  #countLink(entry: SquashfsEntry): void {
    const known = this.#links.get(entry.inodeNumber);
    if (known !== undefined) {
      known.found += 1;
      if (entry.type !== "hardlink")
        this.addAll([`${entry.path}: another inode has the number ${entry.inodeNumber} too`]);
      return;
    }
    // a directory counts its subdirectories too, in ways that differ between programs
    const announced = entry.type === "directory" ? 1 : entry.linkCount;
    this.#links.set(entry.inodeNumber, { announced, found: 1 });
  }

  async #readFile(entry: SquashfsEntry): Promise<void> {
    this.#fileCount += 1;
    await this.attempt(entry.path, async () => {
      if (entry.content === undefined) return;
      for await (const chunk of entry.content.stream()) this.#contentBytes += chunk.length;
    });
    this.#options.onProgress?.(this.#contentBytes);
  }
}
