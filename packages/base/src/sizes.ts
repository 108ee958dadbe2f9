import { AppError } from "./errors/app-error.ts";

const unitBytes: Readonly<Record<string, number>> = { "": 1, B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Parses a size such as `128K`, `1.5GiB` or `4096` into bytes; units are powers of 1,024.
 * @throws E_USAGE when the text is no size
 */
export function parseSize(text: string): number {
  const match = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>[KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const factor = unitBytes[(match?.groups?.["unit"] ?? "").toUpperCase()];
  if (match?.groups === undefined || factor === undefined) {
    throw new AppError("E_USAGE", `"${text}" is not a size`, { hint: "write a number with K, M or G, such as 128K" });
  }
  return Math.round(Number(match.groups["amount"]) * factor);
}

/** A size for people: `17 B`, `4.0 KiB`, `1.2 GiB`. */
export function formatSize(sizeBytes: number): string {
  let amount = sizeBytes;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (amount < 1024) return unit === "B" ? `${amount} B` : `${amount.toFixed(1)} ${unit}`;
    amount /= 1024;
  }
  return `${amount.toFixed(1)} TiB`;
}

/** A duration for people: `0.4 s`, `12 s`, `3 min 20 s`. */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
