import { AppError } from "@repo2singularity/base";

/** What a tar archive may ask for; beyond it reading ends with E_LIMIT_EXCEEDED. */
export interface TarLimits {
  /** Entries, headers of long names not counted; 10,000,000 when left out. */
  readonly entryCount?: number;
  /** Bytes of one pax header or long name, which is held in memory; 16 MiB when left out. */
  readonly extensionBytes?: number;
  /** Bytes of one file's content, holes included; 16 TiB when left out. */
  readonly fileBytes?: number;
  /** Ranges of one sparse file's map, which is held in memory; 1,000,000 when left out. */
  readonly sparseSegmentCount?: number;
}

/** The limits that hold where a caller gives none. */
export const defaultTarLimits: Required<TarLimits> = {
  entryCount: 10_000_000,
  extensionBytes: 16 * 2 ** 20,
  fileBytes: 16 * 2 ** 40,
  sparseSegmentCount: 1_000_000,
};

/** @throws E_LIMIT_EXCEEDED when `value` is above its limit */
export function checkTarLimit(name: keyof TarLimits, value: number, limits: Required<TarLimits>, offset: number): void {
  if (value <= limits[name]) return;
  throw new AppError(
    "E_LIMIT_EXCEEDED",
    `tar archive: ${name} ${value} at byte ${offset} is above the limit of ${limits[name]}`,
    { data: { limit: name, offset } },
  );
}
