import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import type { ByteSource } from "../files/byte-source.ts";
import { replaceFile, writeFully } from "../files/replace-file.ts";
import { encodeDescriptor, type SifDescriptor } from "./descriptor.ts";
import { encodeSifHeader, type SifHeader } from "./header.ts";
import type { SifArchitecture } from "./kinds.ts";
import { defaultDescriptorCount, defaultDescriptorsOffset, defaultLaunchLine, descriptorLayout } from "./layout.ts";
import {
  encodeKind,
  openContent,
  placeObject,
  type SelfWritingContent,
  type SifObjectSource,
} from "./object-source.ts";
import { tryParsePartition } from "./extra.ts";

/** How a SIF is written. Equal options and contents give equal bytes. */
export interface WriteSifOptions {
  /** In the order of the file; at most `descriptorsTotal`. */
  readonly objects: readonly SifObjectSource[];
  /** One more object, behind the others, whose data writes itself and so has a size only then. */
  readonly last?: Omit<SifObjectSource, "content"> & { readonly content: SelfWritingContent };
  /** Of the header; that of the primary partition, or `unknown`, when left out. */
  readonly architecture?: SifArchitecture;
  /** First line of the file, at most 31 bytes; Apptainer's when left out, which makes the file start itself. */
  readonly launch?: string;
  /** 36 characters; see `uuidFromContent`. */
  readonly uuid: string;
  /** Unix seconds, for the header and every object that has no time of its own. */
  readonly createdSeconds: number;
  /** The creation time when left out. */
  readonly modifiedSeconds?: number;
  /** Slots of the descriptor table; 48, or as many as there are objects, when left out. */
  readonly descriptorsTotal?: number;
  /** Permission bits of the file; 0o755 when left out. */
  readonly mode?: number;
  /** Whether the sha256 of the file is worked out on the way (costs about as much as the copying); not with `last`. */
  readonly withDigest?: boolean;
  readonly signal?: AbortSignal;
}

/** What {@link writeSif} made. */
export interface WrittenSif {
  readonly sizeBytes: number;
  readonly header: SifHeader;
  readonly descriptors: readonly SifDescriptor[];
  /** 64 hexadecimal digits when `withDigest` was set. */
  readonly digestHex: string | undefined;
}

interface Plan {
  readonly header: SifHeader;
  readonly descriptors: readonly SifDescriptor[];
}

/**
 * Writes a SIF. The file appears under its name when it is whole; one that is there is replaced.
 * Memory: two chunks of a content. Order: front to back.
 * @throws E_SIF_INVALID when the objects cannot be laid out (two primary partitions, too many objects, long names)
 * @throws E_INTERNAL when a digest is asked for of a file whose beginning is known last
 * @throws E_NO_SPACE when the disk is full
 */
export async function writeSif(path: string, options: WriteSifOptions): Promise<WrittenSif> {
  const { last, signal } = options;
  if (last !== undefined && options.withDigest === true) {
    throw new AppError("E_INTERNAL", `${path}: no digest can be taken while the last object writes itself`);
  }
  const sources = await Promise.all(options.objects.map((object) => openContent(object.content)));
  const sizes = sources.map((source) => source.sizeBytes);
  let plan = planSif(options, sizes);
  const hash = options.withDigest === true ? createHash("sha256") : undefined;
  const write = async (file: FileHandle): Promise<number> => {
    const place = plan.descriptors[sizes.length];
    if (last !== undefined && place !== undefined) {
      plan = planSif(options, [...sizes, await last.content.writeInto(file, place.offset)]);
    }
    return writePlan(file, plan, { sources, hash, signal });
  };
  const sizeBytes = await replaceFile(path, write, { mode: options.mode ?? 0o755 });
  return { sizeBytes, header: plan.header, descriptors: plan.descriptors, digestHex: hash?.digest("hex") };
}

/** Lays out the file. @param sizes of the objects' data in bytes; 0 for what is not known yet */
function planSif(options: WriteSifOptions, sizes: readonly number[]): Plan {
  const objects = options.last === undefined ? options.objects : [...options.objects, options.last];
  const total = options.descriptorsTotal ?? Math.max(defaultDescriptorCount, objects.length);
  if (objects.length > total) {
    throw new AppError("E_SIF_INVALID", `${objects.length} objects do not fit into ${total} descriptors`);
  }
  const dataOffset = defaultDescriptorsOffset + total * descriptorLayout.sizeBytes;
  const descriptors: SifDescriptor[] = [];
  let dataEnd = dataOffset;
  for (const [slot, object] of objects.entries()) {
    const sizeBytes = sizes[slot] ?? 0;
    const descriptor = placeObject(object, { slot, dataEnd, sizeBytes, timeSeconds: options.createdSeconds });
    descriptors.push(descriptor);
    dataEnd = descriptor.offset + sizeBytes;
  }
  const primary = primaryArchitecture(objects);
  const header: SifHeader = {
    launch: options.launch ?? defaultLaunchLine,
    architecture: options.architecture ?? primary ?? "unknown",
    uuid: options.uuid,
    createdSeconds: options.createdSeconds,
    modifiedSeconds: options.modifiedSeconds ?? options.createdSeconds,
    descriptorsFree: total - descriptors.length,
    descriptorsTotal: total,
    descriptorsOffset: defaultDescriptorsOffset,
    descriptorsSize: total * descriptorLayout.sizeBytes,
    dataOffset,
    dataSize: dataEnd - dataOffset,
  };
  return { header, descriptors };
}

/**
 * The architecture of the one primary partition among objects, `undefined` when there is none.
 * @throws E_SIF_INVALID when there are two
 */
export function primaryArchitecture(objects: readonly Pick<SifObjectSource, "kind">[]): SifArchitecture | undefined {
  const primaries = objects
    .map(({ kind }) => (kind.type === "partition" ? kind.partition : rawPartition(kind)))
    .filter((partition) => partition?.kind === "primary");
  if (primaries.length > 1) throw new AppError("E_SIF_INVALID", "a SIF has at most one primary partition, not two");
  return primaries[0]?.architecture;
}

function rawPartition(kind: SifObjectSource["kind"]): ReturnType<typeof tryParsePartition> {
  const partitionCode = 0x4004;
  const { typeCode, extra } = encodeKind(kind);
  return typeCode === partitionCode ? tryParsePartition(extra) : undefined;
}

async function writePlan(
  file: FileHandle,
  plan: Plan,
  options: {
    readonly sources: readonly ByteSource[];
    readonly hash: Hash | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<number> {
  const front = encodeFront(plan);
  await writeFully(file, front, 0);
  options.hash?.update(front);
  let position = front.length;
  for (const descriptor of plan.descriptors) {
    const source = options.sources[descriptor.slot]; // none for the object that has written itself
    options.hash?.update(new Uint8Array(descriptor.offset - position));
    if (source !== undefined) await copyContent(source, { ...options, file, position: descriptor.offset });
    position = descriptor.offset + descriptor.sizeBytes;
  }
  await file.truncate(position); // an empty object after padding must still be within the file
  return position;
}

/** Header, gap and descriptor table as they stand before the data. */
function encodeFront({ header, descriptors }: Plan): Uint8Array {
  const front = new Uint8Array(header.dataOffset);
  front.set(encodeSifHeader(header), 0);
  for (const descriptor of descriptors) {
    front.set(encodeDescriptor(descriptor), header.descriptorsOffset + descriptor.slot * descriptorLayout.sizeBytes);
  }
  return front;
}

/**
 * Copies a source into a file at a position; reading the next chunk and hashing go on while one is written.
 * @throws E_SIF_INVALID when the source gives more or less than it announced
 */
export async function copyContent(
  source: ByteSource,
  target: {
    readonly file: FileHandle;
    readonly position: number;
    readonly hash: Hash | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  let done = 0;
  for await (const chunk of source.read(0, source.sizeBytes)) {
    target.signal?.throwIfAborted();
    if (done + chunk.length > source.sizeBytes) break;
    const written = writeFully(target.file, chunk, target.position + done);
    target.hash?.update(chunk);
    await written;
    done += chunk.length;
  }
  if (done === source.sizeBytes) return;
  throw new AppError(
    "E_SIF_INVALID",
    `an object's content has ${done} or more bytes, ${source.sizeBytes} were announced`,
  );
}
