import { createHash, type Hash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { chmod, copyFile, lstat, mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, type Digest, errnoOf } from "@repo2singularity/base";
import { guarded, orAbsent, storeFailure } from "../failure.ts";
import { filePath, type Layout } from "../layout.ts";
import { freshName, ownMark } from "../owner/process-mark.ts";

/** A file of the store. */
export interface StoredFile {
  readonly digest: Digest;
  /** Its path; the file is read-only and must not be changed. */
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Called with the digest before the file gets its name, so that its caller can hold on to it first:
 * a collector never sees a new file that nobody holds.
 */
export type Hold = (digest: Digest) => Promise<void>;

/** How content is stored. */
export interface PutOptions {
  /** What the content should be; anything else is refused with E_STORE_CORRUPT. */
  readonly expected?: Digest;
  readonly signal?: AbortSignal;
}

/** How a file that is there already is stored. */
export interface PutFileOptions extends PutOptions {
  /** Whether the file may be taken away from where it is, which costs nothing in the same file system. */
  readonly move?: boolean;
  /** Its digest when the caller has just computed it, so that it need not be read again. */
  readonly knownDigest?: Digest;
}

/**
 * Stores bytes as they come. They are on the disk (fsync) before the file has its name.
 * Memory: one chunk at a time.
 */
export async function putStream(
  layout: Layout,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: PutOptions & { readonly hold: Hold },
): Promise<StoredFile> {
  const temporary = join(layout.tmp, freshName(ownMark()));
  try {
    const hash = createHash("sha256");
    const handle = await guarded(temporary, () => open(temporary, "wx", 0o600));
    try {
      await copyInto(handle, temporary, source, hash, options.signal);
      await guarded(temporary, () => handle.datasync());
    } finally {
      await handle.close();
    }
    return await giveName(layout, temporary, `sha256:${hash.digest("hex")}`, options);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Stores a file: renamed when it may move and lies in the same file system, else copied (as a reflink where the file
 * system can).
 */
export async function putFile(
  layout: Layout,
  path: string,
  options: PutFileOptions & { readonly hold: Hold },
): Promise<StoredFile> {
  const temporary = join(layout.tmp, freshName(ownMark()));
  try {
    await bringOver(path, temporary, options.move ?? false);
    const digest = options.knownDigest ?? (await digestOfFile(temporary, options.signal));
    await guarded(temporary, async () => {
      await using handle = await open(temporary, "r");
      await handle.datasync();
    });
    return await giveName(layout, temporary, digest, options);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The sha256 of a file. Memory: 1 MiB. */
export async function digestOfFile(path: string, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash("sha256");
  const stream = createReadStream(path, { highWaterMark: 2 ** 20, signal });
  for await (const chunk of stream) {
    // a stream without an encoding gives buffers
    hash.update(chunk as Uint8Array);
  }
  return `sha256:${hash.digest("hex")}`;
}

async function copyInto(
  handle: FileHandle,
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hash: Hash,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const chunk of source) {
    signal?.throwIfAborted();
    hash.update(chunk);
    await guarded(path, () => writeWhole(handle, chunk));
  }
}

async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await handle.write(chunk, offset)).bytesWritten;
  }
}

async function bringOver(from: string, to: string, move: boolean): Promise<void> {
  if (move) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (errnoOf(error) !== "EXDEV") throw storeFailure(error, from);
    }
  }
  await guarded(to, () => copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL));
  if (move) await rm(from, { force: true });
}

async function giveName(
  layout: Layout,
  temporary: string,
  digest: Digest,
  { expected, hold }: PutOptions & { readonly hold: Hold },
): Promise<StoredFile> {
  if (expected !== undefined && expected !== digest) {
    throw new AppError("E_STORE_CORRUPT", `content has the digest ${digest}, expected ${expected}`);
  }
  const path = filePath(layout, digest);
  await hold(digest);
  return guarded(path, async () => {
    const { size } = await lstat(temporary);
    const present = await orAbsent(lstat(path));
    // A file of another length is a damaged one, perhaps after a power cut: the good one takes its place.
    if (present?.isFile() === true && present.size === size) return { digest, path, sizeBytes: size };
    await chmod(temporary, 0o444);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
    return { digest, path, sizeBytes: size };
  });
}
