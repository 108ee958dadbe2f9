import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAppError } from "@repo2singularity/base";
import {
  bytesAccess,
  extractTree,
  openSif,
  openSquashfs,
  openSquashfsFrom,
  planComposition,
  readTar,
  verifySquashfs,
  type SquashfsImage,
  type TreeEntry,
} from "@repo2singularity/image";
import type { SeedFile } from "./seed-files.ts";

/** Small limits, so that a bomb ends soon and fills no disk. */
const TREE_LIMITS = { entryCount: 20_000, totalBytes: 32 * 2 ** 20 };
const IMAGE_LIMITS = { entryCount: 20_000, contentBytes: 32 * 2 ** 20, metadataBytes: 16 * 2 ** 20, depth: 100 };
const SENTINEL = "must stay\n";

/** A folder with another one inside, in which trees are extracted; what is around must not change. */
export class Cage {
  readonly #root: string;
  readonly #target: string;

  constructor(root: string) {
    this.#root = root;
    this.#target = join(root, "inner", "target");
    mkdirSync(join(root, "outside"), { recursive: true });
    writeFileSync(join(root, "outside", "sentinel"), SENTINEL);
    writeFileSync(join(root, "sentinel"), SENTINEL);
  }

  /** A file beside the target, for readers that need a path. */
  get filePath(): string {
    return join(this.#root, "file");
  }

  async extract(entries: AsyncIterable<TreeEntry>): Promise<void> {
    mkdirSync(this.#target, { recursive: true });
    await extractTree(entries, this.#target, { ownership: "mine", limits: TREE_LIMITS });
  }

  /** Empties the target. @throws when anything around it has changed */
  checkAndEmpty(): void {
    rmSync(join(this.#root, "inner"), { recursive: true, force: true });
    rmSync(this.filePath, { force: true });
    const around = readdirSync(this.#root).toSorted(byText).join();
    const outside = readdirSync(join(this.#root, "outside")).join();
    const isIntact = [join(this.#root, "sentinel"), join(this.#root, "outside", "sentinel")].every(
      (path) => lstatSync(path).isFile() && readFileSync(path, "utf8") === SENTINEL,
    );
    if (around !== "outside,sentinel" || outside !== "sentinel" || !isIntact) {
      throw new Error(`something was written outside the target: ${around}; ${outside}`);
    }
  }
}

/**
 * Reads a file in every way the program has.
 * @returns how it ended: `read`, or the code of the error
 * @throws anything that is not a coded error, and an escape
 */
export async function readEverything(kind: SeedFile["kind"], bytes: Uint8Array, cage: Cage): Promise<string> {
  let outcome = "read";
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isAppError(error)) throw error;
      outcome = error.code;
    }
  };
  if (kind === "tar") await attempt(() => cage.extract(readTar(oneChunk(bytes))));
  if (kind === "squashfs") await attempt(() => readSquashfs(bytes, cage, attempt));
  if (kind === "sif") await attempt(() => readSif(bytes, cage));
  cage.checkAndEmpty();
  return outcome;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Attempt = (work: () => Promise<unknown>) => Promise<void>;

async function readSquashfs(bytes: Uint8Array, cage: Cage, attempt: Attempt): Promise<void> {
  await using image = await openSquashfsFrom(bytesAccess(bytes), IMAGE_LIMITS);
  await attempt(() => cage.extract(image.entries()));
  await attempt(() => verifySquashfs(image));
  await attempt(() => image.readFile("dir/sub/link", { offset: 1, length: 100 }));
  await attempt(() => compose(image));
}

async function compose(image: SquashfsImage): Promise<void> {
  const composition = await planComposition([image, image]);
  for await (const chunk of composition.read(0, composition.sizeBytes)) void chunk;
}

async function readSif(bytes: Uint8Array, cage: Cage): Promise<void> {
  writeFileSync(cage.filePath, bytes);
  await using sif = await openSif(cage.filePath);
  for (const { id } of sif.descriptors) for await (const chunk of sif.read(id)) void chunk;
  const { offset, sizeBytes } = sif.primaryPartition();
  await using image = await openSquashfs(cage.filePath, { offsetBytes: offset, sizeBytes, limits: IMAGE_LIMITS });
  await cage.extract(image.entries());
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
