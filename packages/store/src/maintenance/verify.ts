import { rm } from "node:fs/promises";
import { errnoOf, isAbortError, type Digest } from "@repo2singularity/base";
import { digestOfFile } from "../files/put.ts";
import { guarded } from "../failure.ts";
import type { Layout } from "../layout.ts";
import { listItems, listRecords } from "./items.ts";

/** What to do with damage. */
export interface VerifyOptions {
  /** Whether damaged files and records are removed, so that they are made again; `false` when left out. */
  readonly drop?: boolean;
  /** Called after each file. */
  readonly onProgress?: (done: { readonly fileCount: number; readonly sizeBytes: number }) => void;
  readonly signal?: AbortSignal;
}

/** A file whose content is not what its name promises. */
export interface CorruptFile {
  readonly digest: Digest;
  readonly path: string;
  /** The digest of what is there, or undefined when it could not be read. */
  readonly found: Digest | undefined;
}

/** The result of a verification. */
export interface StoreVerifyReport {
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly corrupt: readonly CorruptFile[];
  /** Records that are no JSON of the right shape. */
  readonly damagedRecordPaths: readonly string[];
  /** Whether the damage was removed. */
  readonly isDropped: boolean;
}

/**
 * Reads every file again and compares it with its name.
 * Damage is a result, not an error. Memory: 1 MiB; time: as long as reading and hashing everything takes.
 */
export async function verifyStore(
  layout: Layout,
  nowMs: number,
  options: VerifyOptions = {},
): Promise<StoreVerifyReport> {
  return guarded(layout.directory, async () => {
    const files = (await listItems(layout, nowMs)).filter(({ kind }) => kind === "file");
    const corrupt: CorruptFile[] = [];
    let sizeBytes = 0;
    for (const [index, { name, path, sizeBytes: size }] of files.entries()) {
      options.signal?.throwIfAborted();
      const found = await tryDigest(path, options.signal);
      if (found === "gone") continue; // collected meanwhile
      // the name of a file item is its digest
      if (found !== name) corrupt.push({ digest: name as Digest, path, found });
      sizeBytes += size;
      options.onProgress?.({ fileCount: index + 1, sizeBytes });
    }
    const records = await listRecords(layout);
    const damagedRecordPaths = records.filter(({ files }) => files === undefined).map(({ path }) => path);
    if (options.drop === true) {
      for (const path of [...corrupt.map((file) => file.path), ...damagedRecordPaths]) await rm(path, { force: true });
    }
    return { fileCount: files.length, sizeBytes, corrupt, damagedRecordPaths, isDropped: options.drop === true };
  });
}

/** @returns undefined when the file cannot be read */
async function tryDigest(path: string, signal: AbortSignal | undefined): Promise<Digest | "gone" | undefined> {
  try {
    return await digestOfFile(path, signal);
  } catch (error) {
    if (isAbortError(error)) throw error;
    if (errnoOf(error) === "ENOENT") return "gone";
    return undefined;
  }
}
