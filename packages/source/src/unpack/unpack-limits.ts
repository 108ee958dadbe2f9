/** What an archive may ask for. */
export interface UnpackLimits {
  /** Bytes of all its files together. */
  readonly maxBytes: number;
  /** Files, folders and links. */
  readonly entryCount: number;
  /** Times that an archive may grow by being unpacked; counts above {@link UnpackLimits.ratioFromBytes} only. */
  readonly ratio: number;
  /** Bytes that may be unpacked whatever the ratio, because small archives of empty tables pack very well. */
  readonly ratioFromBytes: number;
}

/** The limits beside the size: a million entries, 200 times the archive's size above 1 GiB. */
export const defaultUnpackLimits: Omit<UnpackLimits, "maxBytes"> = {
  entryCount: 1_000_000,
  ratio: 200,
  ratioFromBytes: 2 ** 30,
};

/** Bytes that an archive of a size may unpack to. */
export function unpackedLimitBytes(archiveBytes: number, limits: UnpackLimits): number {
  return Math.min(limits.maxBytes, Math.max(limits.ratioFromBytes, archiveBytes * limits.ratio));
}
