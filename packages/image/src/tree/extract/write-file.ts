import { closeSync, constants, ftruncateSync, openSync, writeSync } from "node:fs";
import { AppError } from "@repo2singularity/base";
import type { Hole, TreeEntry } from "../entry.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Creates a file with an entry's content; holes stay holes.
 * @param path where nothing may be
 * @throws E_TREE_INVALID when the content has not the size that the entry states
 */
export async function writeNewFile(path: string | Buffer, entry: TreeEntry): Promise<void> {
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    let at = 0;
    const holes = new HoleCursor(entry.content?.holes ?? []);
    for await (const chunk of entry.content?.stream() ?? []) {
      if (at + chunk.length > entry.sizeBytes) throw wrongSize(entry, at + chunk.length);
      if (!holes.covers(at, chunk.length)) writeFully(descriptor, chunk, at);
      at += chunk.length;
    }
    if (at !== entry.sizeBytes) throw wrongSize(entry, at);
    if (entry.content?.holes !== undefined) ftruncateSync(descriptor, entry.sizeBytes);
  } finally {
    closeSync(descriptor);
  }
}

function writeFully(descriptor: number, chunk: Uint8Array, position: number): void {
  for (let done = 0; done < chunk.length;) {
    done += writeSync(descriptor, chunk, done, chunk.length - done, position + done);
  }
}

function wrongSize(entry: TreeEntry, found: number): AppError {
  return new AppError(
    "E_TREE_INVALID",
    `${entry.path}: ${entry.sizeBytes} bytes of content expected, ${found} or more found`,
  );
}

/** Answers for ascending ranges whether they lie in a hole. */
class HoleCursor {
  readonly #holes: readonly Hole[];
  #at = 0;

  constructor(holes: readonly Hole[]) {
    this.#holes = holes;
  }

  covers(offset: number, length: number): boolean {
    for (;;) {
      const hole = this.#holes[this.#at];
      if (hole === undefined || offset < hole.offset) return false;
      if (offset < hole.offset + hole.length) return offset + length <= hole.offset + hole.length;
      this.#at++;
    }
  }
}
