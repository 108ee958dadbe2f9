import { open, type FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import { writeFully } from "../files/replace-file.ts";
import { encodeDescriptor, type SifDescriptor } from "./descriptor.ts";
import { encodeSifHeader, type SifHeader } from "./header.ts";
import { descriptorLayout } from "./layout.ts";
import { openContent, placeObject, type SifObjectSource } from "./object-source.ts";
import { openSif } from "./read.ts";
import { copyContent, primaryArchitecture } from "./write.ts";

/** What a SIF says before it is changed. */
interface Before {
  readonly header: SifHeader;
  readonly descriptors: readonly SifDescriptor[];
  readonly sizeBytes: number;
}

/**
 * Adds an object to a SIF in place, behind its data, in the first free slot of the descriptor table.
 *
 * A kill at any moment leaves a valid file with or without the object: the data goes behind everything and is synced,
 * then the descriptor with its use mark off, then the mark (one byte), then the counters of the header, which no
 * reader depends on. Two processes must not change one file at once; the caller holds a lock where that can happen.
 * @returns the new object
 * @throws E_SIF_INVALID when the table is full or the file has a primary partition and the object is one too
 */
export async function addSifObject(
  path: string,
  object: SifObjectSource,
  options: { readonly timeSeconds: number; readonly signal?: AbortSignal },
): Promise<SifDescriptor> {
  const before = await readBefore(path);
  const architecture = primaryArchitecture([object]);
  if (architecture !== undefined && before.descriptors.some(({ partition }) => partition?.kind === "primary")) {
    throw new AppError("E_SIF_INVALID", `${path}: has a primary partition already, and can have only one`);
  }
  const source = await openContent(object.content);
  const added = placeObject(object, {
    slot: freeSlot(before, path),
    dataEnd: dataEndOf(before),
    sizeBytes: source.sizeBytes,
    timeSeconds: options.timeSeconds,
  });
  await using file = await open(path, "r+");
  await copyContent(source, { file, position: added.offset, hash: undefined, signal: options.signal });
  await file.datasync();
  const slotOffset = before.header.descriptorsOffset + added.slot * descriptorLayout.sizeBytes;
  const encoded = encodeDescriptor(added);
  encoded[descriptorLayout.used] = 0;
  await writeFully(file, encoded, slotOffset);
  await file.datasync();
  await writeFully(file, new Uint8Array([1]), slotOffset + descriptorLayout.used);
  const after = { ...before, descriptors: [...before.descriptors, added] };
  await writeHeader(file, after, { timeSeconds: options.timeSeconds, ...(architecture && { architecture }) });
  return added;
}

/** How an object is deleted. */
export interface DeleteSifOptions {
  readonly timeSeconds: number;
  /** Whether its data is overwritten with zeros; Apptainer's `sif del` leaves it, and so does this when left out. */
  readonly zero?: boolean;
  /** Whether free space at the end of the file is given back; not when left out. */
  readonly compact?: boolean;
}

/**
 * Deletes an object in place; the others keep their ids and places, signatures over them stay good.
 *
 * A kill at any moment leaves a valid file with or without the object: its use mark (one byte) goes first, then the
 * counters of the header, the rest of the descriptor, and only then its data and the end of the file.
 * @throws E_SIF_NO_OBJECT when there is no such object
 */
export async function deleteSifObject(path: string, id: number, options: DeleteSifOptions): Promise<void> {
  const before = await readBefore(path);
  const doomed = before.descriptors.find((descriptor) => descriptor.id === id);
  if (doomed === undefined) throw new AppError("E_SIF_NO_OBJECT", `${path}: no object has the id ${id}`);
  const after = { ...before, descriptors: before.descriptors.filter((descriptor) => descriptor !== doomed) };
  const slotOffset = before.header.descriptorsOffset + doomed.slot * descriptorLayout.sizeBytes;

  await using file = await open(path, "r+");
  await writeFully(file, new Uint8Array(1), slotOffset + descriptorLayout.used);
  await file.datasync();
  const dataSize = options.compact === true ? dataEndOf(after) - after.header.dataOffset : before.header.dataSize;
  await writeHeader(file, after, {
    timeSeconds: options.timeSeconds,
    dataSize,
    ...(doomed.partition?.kind === "primary" && { architecture: "unknown" as const }),
  });
  await writeFully(file, new Uint8Array(descriptorLayout.sizeBytes), slotOffset);
  if (options.zero === true) await writeZeros(file, doomed.offset, doomed.sizeBytes);
  if (options.compact === true) await file.truncate(dataEndOf(after));
  await file.datasync();
}

async function readBefore(path: string): Promise<Before> {
  await using sif = await openSif(path);
  return { header: sif.header, descriptors: sif.descriptors, sizeBytes: sif.sizeBytes };
}

function freeSlot({ header, descriptors }: Before, path: string): number {
  const taken = new Set(descriptors.flatMap(({ slot, id }) => [slot, id - 1]));
  for (let slot = 0; slot < header.descriptorsTotal; slot += 1) {
    if (!taken.has(slot)) return slot;
  }
  throw new AppError("E_SIF_INVALID", `${path}: all ${header.descriptorsTotal} descriptors are in use`, {
    hint: "delete an object first",
  });
}

/** The first byte behind all data. */
function dataEndOf({ header, descriptors }: Before): number {
  return Math.max(header.dataOffset, ...descriptors.map(({ offset, sizeBytes }) => offset + sizeBytes));
}

async function writeHeader(
  file: FileHandle,
  after: Before,
  change: {
    readonly timeSeconds: number;
    readonly dataSize?: number;
    readonly architecture?: SifHeader["architecture"];
  },
): Promise<void> {
  const header: SifHeader = {
    ...after.header,
    architecture: change.architecture ?? after.header.architecture,
    modifiedSeconds: change.timeSeconds,
    descriptorsFree: after.header.descriptorsTotal - after.descriptors.length,
    dataSize: change.dataSize ?? dataEndOf(after) - after.header.dataOffset,
  };
  await writeFully(file, encodeSifHeader(header), 0);
  await file.datasync();
}

async function writeZeros(file: FileHandle, offset: number, sizeBytes: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(sizeBytes, 2 ** 20));
  for (let done = 0; done < sizeBytes; done += zeros.length) {
    await writeFully(file, zeros.subarray(0, sizeBytes - done), offset + done);
  }
}
