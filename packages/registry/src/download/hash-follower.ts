import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Digest } from "@repo2singularity/base";

/** Hashes a file while it is still being written, as far as it is there without a gap. */
export interface HashFollower {
  /** @param toBytes up to where the file will not change any more; never less than before */
  advance(toBytes: number): void;
  /** Begins again: what was written so far is written anew. */
  restart(): void;
  /** @returns the sha256 of the file up to the last `advance` */
  finish(): Promise<Digest>;
}

const chunkBytes = 2 ** 20;

/** Creates a follower. Memory: one chunk of 1 MiB. */
export function followHash(file: FileHandle): HashFollower {
  let hash = createHash("sha256");
  let hashedBytes = 0;
  let failure: unknown;
  let work = Promise.resolve();
  const buffer = Buffer.allocUnsafe(chunkBytes);

  const hashUpTo = async (toBytes: number): Promise<void> => {
    while (hashedBytes < toBytes) {
      const length = Math.min(chunkBytes, toBytes - hashedBytes);
      const { bytesRead } = await file.read(buffer, 0, length, hashedBytes);
      if (bytesRead === 0) throw new Error(`the file ends at byte ${hashedBytes} while it is hashed`);
      hash.update(buffer.subarray(0, bytesRead));
      hashedBytes += bytesRead;
    }
  };
  const runAfter = async (before: Promise<void>, step: () => Promise<void> | void): Promise<void> => {
    await before;
    try {
      if (failure === undefined) await step();
    } catch (error) {
      failure = error; // told by `finish`
    }
  };
  const then = (step: () => Promise<void> | void): void => {
    work = runAfter(work, step);
  };
  return {
    advance: (toBytes) => then(() => hashUpTo(toBytes)),
    restart: () =>
      then(() => {
        hash = createHash("sha256");
        hashedBytes = 0;
      }),
    finish: async () => {
      await work;
      if (failure !== undefined) throw failure;
      return `sha256:${hash.digest("hex")}`;
    },
  };
}
