import type { Compression } from "./write/block-codec.ts";

/** What decides the compressed bytes of a file's full blocks. */
export interface ExtentKey {
  /** sha256 of the whole content, 64 hexadecimal digits. */
  readonly contentSha256: string;
  readonly sizeBytes: number;
  readonly compression: Compression;
  readonly level: number;
  readonly blockSizeBytes: number;
}

/** Where an image holds the full blocks of a file; the tail that is shorter than a block is not part of it. */
export interface Extents {
  /** Address of the first stored block in the image, in bytes. */
  readonly offset: number;
  /** One size field for each full block: stored bytes, with `DATA_STORED_FLAG`; 0 for a block of zeros. */
  readonly blockSizes: readonly number[];
}

/** Extents and the image they can be read from. */
export interface CachedExtents extends Extents {
  readonly imagePath: string;
}

/** A file of a finished image whose blocks a later image may copy. */
export interface RecordedExtents extends Extents {
  readonly key: ExtentKey;
}

/**
 * Knows which images hold which compressed files, so that a file is compressed once on a machine.
 *
 * Both calls are synchronous because they are made once for each file of a block or more. What `find` answers is
 * trusted: an image it names must hold what was recorded. An image that is gone or too short is no error: the file
 * is compressed then.
 */
export interface ExtentCache {
  /** @returns undefined when no image is known to hold the file */
  find(key: ExtentKey): CachedExtents | undefined;
  /**
   * Learns what a finished image holds; called once, before the writer's caller gives the image its final name.
   * @param imagePath where the image was written
   */
  record(imagePath: string, extents: Iterable<RecordedExtents>): void;
}

/** The key as one text, for maps and tables. */
export function extentKeyText(key: ExtentKey): string {
  return `${key.contentSha256}:${key.sizeBytes}:${key.compression}:${key.level}:${key.blockSizeBytes}`;
}

/** An {@link ExtentCache} that lasts as long as the process; images must stay at the path they were written to. */
export function createMemoryExtentCache(): ExtentCache {
  const known = new Map<string, CachedExtents>();
  return {
    find: (key) => known.get(extentKeyText(key)),
    record: (imagePath, extents) => {
      for (const { key, offset, blockSizes } of extents) {
        known.set(extentKeyText(key), { imagePath, offset, blockSizes });
      }
    },
  };
}
