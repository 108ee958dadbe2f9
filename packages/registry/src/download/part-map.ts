import { AppError } from "@repo2singularity/base";

/** Which parts of a file are there already. */
export interface PartMap {
  readonly sizeBytes: number;
  /** Length of every part but the last. */
  readonly partBytes: number;
  readonly isDone: readonly boolean[];
}

/** A map of a file of which nothing is there. @param partBytes at least 1 */
export function emptyPartMap(sizeBytes: number, partBytes: number): PartMap {
  const count = Math.ceil(sizeBytes / partBytes);
  return { sizeBytes, partBytes, isDone: Array.from({ length: count }, () => false) };
}

/** The bytes of a part: first, and one behind the last. */
export function partRange(map: PartMap, index: number): { readonly startBytes: number; readonly endBytes: number } {
  const startBytes = index * map.partBytes;
  return { startBytes, endBytes: Math.min(map.sizeBytes, startBytes + map.partBytes) };
}

/** The same map with one more part. */
export function withPart(map: PartMap, index: number): PartMap {
  return { ...map, isDone: map.isDone.with(index, true) };
}

/** How many bytes are there. */
export function doneBytesOf(map: PartMap): number {
  return map.isDone.reduce((sum, isDone, index) => {
    const { startBytes, endBytes } = partRange(map, index);
    return isDone ? sum + endBytes - startBytes : sum;
  }, 0);
}

/** Up to where the file is there without a gap, in bytes. */
export function frontierOf(map: PartMap): number {
  const gap = map.isDone.indexOf(false);
  return gap < 0 ? map.sizeBytes : gap * map.partBytes;
}

/** A map as text; maps of one file have texts of one length, so that one can be written over another. */
export function formatPartMap(map: PartMap): string {
  const { sizeBytes, partBytes, isDone } = map;
  return JSON.stringify({ version: 1, sizeBytes, partBytes, parts: isDone.map((one) => (one ? "1" : "0")).join("") });
}

/** Parses what {@link formatPartMap} wrote; undefined when it is something else or of a file of another size. */
export function tryParsePartMap(text: string, sizeBytes: number): PartMap | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (!("version" in value && "sizeBytes" in value && "partBytes" in value && "parts" in value)) return undefined;
  const { version, partBytes, parts } = value;
  if (version !== 1 || value.sizeBytes !== sizeBytes || typeof parts !== "string") return undefined;
  if (typeof partBytes !== "number" || !Number.isSafeInteger(partBytes) || partBytes < 1) return undefined;
  if (!/^[01]*$/.test(parts) || parts.length !== Math.ceil(sizeBytes / partBytes)) return undefined;
  return { sizeBytes, partBytes, isDone: Array.from(parts, (one) => one === "1") };
}

/** The error of a file that is not as long as was promised. */
export function sizeMismatch(what: string, expectedBytes: number, found: string): AppError {
  return new AppError("E_OCI_DIGEST_MISMATCH", `${what}: expected ${expectedBytes} bytes, found ${found}`, {
    hint: "fetch it again; if it happens twice, the registry is damaged",
  });
}
