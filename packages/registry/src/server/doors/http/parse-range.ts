import type { ByteRange } from "@repo2singularity/store/objects";

/**
 * Reads a Range header with one range of bytes.
 * @param sizeBytes of what it is a range of
 * @returns undefined when there is none, or one that is to be ignored (other units, several ranges);
 *   "unsatisfiable" when it lies behind the end or ends before it begins
 * Source: RFC 9110, section 14
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), sizeBytes);
    return suffix === 0 ? "unsatisfiable" : { start: sizeBytes - suffix, end: sizeBytes };
  }
  const start = Number(first);
  const end = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < start) return "unsatisfiable";
  return start >= sizeBytes ? "unsatisfiable" : { start, end };
}
