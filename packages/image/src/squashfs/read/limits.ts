/** What one image may cost its reader; beyond it reading ends with E_LIMIT_EXCEEDED. */
export interface SquashfsLimits {
  /** Names in all directories together. */
  readonly entryCount: number;
  /** Directories inside each other. */
  readonly depth: number;
  /** Bytes of all file contents together, holes included, counted while walking. */
  readonly contentBytes: number;
  /** Bytes of one uncompressed metadata table; the inode and directory tables are held in memory. */
  readonly metadataBytes: number;
}

/** Far above any real container image, far below what hurts a machine. */
export const defaultSquashfsLimits: SquashfsLimits = {
  entryCount: 20_000_000,
  depth: 2048,
  contentBytes: 2 ** 40,
  metadataBytes: 2 ** 30,
};
