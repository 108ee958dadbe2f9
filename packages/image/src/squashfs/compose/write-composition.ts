import { createHash, randomBytes, type Hash } from "node:crypto";
import { constants, copyFile, open, rename, rm, type FileHandle } from "node:fs/promises";
import { writeFully } from "../../files/replace-file.ts";
import type { Composition } from "./composition.ts";

/** How a composed image is written. */
export interface WriteCompositionOptions {
  /** Whether to take the sha256 of the file (0.75 seconds a gigabyte); `false` when left out. */
  readonly digest?: boolean;
  readonly signal?: AbortSignal;
}

/** What {@link writeComposition} wrote. */
export interface WrittenComposition {
  readonly sizeBytes: number;
  /** 64 hexadecimal digits; only when asked for. */
  readonly digestHex?: string;
}

/** A copy in the kernel pays when at least this part of the lowest layer's file is kept. */
const WORTHWHILE_PREFIX = 0.75;

/**
 * Writes a composed image to a file, which appears under its name when it is whole.
 *
 * When the image begins with the data of its lowest layer, that layer's file is copied in the kernel (by reference
 * where the file system can), cut behind its data and continued; else everything passes through two buffers of 256 KiB.
 * The result is the same. A failure or an abort leaves nothing behind.
 * @throws the system's error, such as `ENOSPC`
 */
export async function writeComposition(
  composition: Composition,
  path: string,
  options: WriteCompositionOptions = {},
): Promise<WrittenComposition> {
  const partial = `${path}.partial-${randomBytes(6).toString("hex")}`;
  try {
    const hash = options.digest === true ? createHash("sha256") : undefined;
    // a digest needs every byte in this process anyway
    const copiedBytes = hash === undefined ? await copyLowestLayer(composition, partial) : 0;
    {
      await using file = await open(partial, copiedBytes > 0 ? "r+" : "wx");
      if (copiedBytes > 0) await writeHead(composition, file, copiedBytes);
      await writeRest(composition, file, copiedBytes, hash, options.signal);
    }
    await rename(partial, path);
    const { sizeBytes } = composition;
    return hash === undefined ? { sizeBytes } : { sizeBytes, digestHex: hash.digest("hex") };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/**
 * Copies the lowest layer's file when the composed image has its data at the same addresses.
 * @returns bytes from the start whose blocks are right then (not the header); 0 when nothing was copied
 */
async function copyLowestLayer(composition: Composition, partial: string): Promise<number> {
  const [, first] = composition.pieces;
  if (first?.source.kind !== "layer") return 0;
  const { file, sizeBytes } = first.source.access;
  const end = first.offset + first.sizeBytes;
  if (file === undefined || file.offsetBytes !== 0 || first.source.offset !== first.offset) return 0;
  if (end < sizeBytes * WORTHWHILE_PREFIX) return 0;
  await copyFile(file.path, partial, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  return end;
}

async function writeHead(composition: Composition, file: FileHandle, copiedBytes: number): Promise<void> {
  await file.truncate(copiedBytes);
  const [head] = composition.pieces;
  if (head?.source.kind === "bytes") await writeFully(file, head.source.bytes, 0);
}

async function writeRest(
  composition: Composition,
  file: FileHandle,
  from: number,
  hash: Hash | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  let position = from;
  for await (const chunk of composition.read(from, composition.sizeBytes - from)) {
    signal?.throwIfAborted();
    hash?.update(chunk);
    await writeFully(file, chunk, position);
    position += chunk.length;
  }
}
