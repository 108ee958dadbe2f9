import { AppError } from "@repo2singularity/base";
import { parseDescriptor, type SifDescriptor } from "./descriptor.ts";
import { parseSifHeader, type SifHeader } from "./header.ts";
import { descriptorLayout, headerLayout } from "./layout.ts";

/** A SIF that lies anywhere bytes can be read by range. */
export interface SifHeadSource {
  /** Named in errors. */
  readonly label: string;
  /** Of the whole SIF. */
  readonly sizeBytes: number;
  /** Bytes from a position on; fewer only where the SIF ends. */
  readRange(offset: number, length: number): Promise<Uint8Array>;
}

/** What stands before the data of a SIF. */
export interface SifHead {
  readonly header: SifHeader;
  /** Objects in the order of the descriptor table. */
  readonly descriptors: readonly SifDescriptor[];
}

/**
 * Reads header and descriptors in two reads. Every object is checked to lie within the SIF.
 * Memory: the descriptor table, at most 38 MB and in practice 28 KB.
 * @throws E_SIF_INVALID, E_SIF_TRUNCATED or E_LIMIT_EXCEEDED, naming the byte offset
 */
export async function readSifHead(source: SifHeadSource): Promise<SifHead> {
  const header = parseSifHeader(await source.readRange(0, headerLayout.sizeBytes), source.label);
  return { header, descriptors: await readDescriptors(source, header) };
}

async function readDescriptors(source: SifHeadSource, header: SifHeader): Promise<readonly SifDescriptor[]> {
  const { label: path, sizeBytes: fileBytes } = source;
  const tableBytes = header.descriptorsTotal * descriptorLayout.sizeBytes;
  const tableEnd = header.descriptorsOffset + tableBytes;
  if (tableEnd > fileBytes) {
    throw new AppError("E_SIF_TRUNCATED", `${path}: descriptors reach to byte ${tableEnd}, the file has ${fileBytes}`);
  }
  const table = await source.readRange(header.descriptorsOffset, tableBytes);
  const found: SifDescriptor[] = [];
  for (let slot = 0; slot < header.descriptorsTotal; slot += 1) {
    const start = slot * descriptorLayout.sizeBytes;
    const descriptor = parseDescriptor(table.subarray(start, start + descriptorLayout.sizeBytes), {
      path,
      slot,
      offset: header.descriptorsOffset + start,
    });
    if (descriptor === undefined) continue;
    checkDescriptor(descriptor, { path, fileBytes, tableEnd });
    found.push(descriptor);
  }
  checkIds(found, path);
  return found;
}

function checkDescriptor(
  descriptor: SifDescriptor,
  limits: { readonly path: string; readonly fileBytes: number; readonly tableEnd: number },
): void {
  const { id, offset, sizeBytes } = descriptor;
  if (offset < limits.tableEnd) {
    throw new AppError("E_SIF_INVALID", `${limits.path}: object ${id} at byte ${offset} overlaps the descriptors`);
  }
  if (offset + sizeBytes > limits.fileBytes) {
    throw new AppError(
      "E_SIF_TRUNCATED",
      `${limits.path}: object ${id} reaches to byte ${offset + sizeBytes}, the file has ${limits.fileBytes}`,
      { hint: "the file was cut: fetch or build it again" },
    );
  }
}

function checkIds(descriptors: readonly SifDescriptor[], path: string): void {
  const seen = new Set<number>();
  for (const { id } of descriptors) {
    if (id === 0 || seen.has(id)) throw new AppError("E_SIF_INVALID", `${path}: object id ${id} is zero or used twice`);
    seen.add(id);
  }
}
