import type { FileHandle } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import { bytesSource, fileSource, type ByteSource } from "../files/byte-source.ts";
import type { SifDescriptor, SifLink } from "./descriptor.ts";
import { encodePartition, encodeSbomFormat, encodeSignature } from "./extra.ts";
import type { SifPartition, SifSbomFormat, SifSignature } from "./extra.ts";
import { sifDataTypes, type SifDataType } from "./kinds.ts";
import { descriptorLayout, partitionAlignment } from "./layout.ts";
import type { SifFile } from "./read.ts";

/** Where an object's data comes from: bytes or text in memory, a file, or anything that reads by range. */
export type SifContent = Uint8Array | string | { readonly path: string } | ByteSource;

/** Data that is made while it is written, such as an image that is packed, so that nothing is copied. */
export interface SelfWritingContent {
  /**
   * Writes everything from a position of the file on.
   * @returns how many bytes it wrote
   */
  writeInto(file: FileHandle, offsetBytes: number): Promise<number>;
}

/** What kind of object it is; some kinds carry more in their descriptor. */
export type SifObjectKind =
  | { readonly type: Exclude<SifDataType, "partition" | "signature" | "sbom"> }
  | { readonly type: "partition"; readonly partition: SifPartition }
  | { readonly type: "signature"; readonly signature: SifSignature }
  | { readonly type: "sbom"; readonly sbomFormat: SifSbomFormat }
  /** Any data type by number, with its extra bytes (at most 384): keeps what this program does not know. */
  | { readonly type: "raw"; readonly typeCode: number; readonly extra: Uint8Array };

/** One object to be written. */
export interface SifObjectSource {
  readonly kind: SifObjectKind;
  readonly content: SifContent;
  /** At most 127 bytes; empty when left out. */
  readonly name?: string;
  /** 1 to 2^28 - 1; 1, as Apptainer gives what belongs together, when left out; "none" for no group. */
  readonly groupId?: number | "none";
  /** None when left out. */
  readonly link?: SifLink;
  /** In bytes; 4096 for partitions and 1 for everything else when left out. */
  readonly alignmentBytes?: number;
  /** The time of the whole operation when left out. */
  readonly createdSeconds?: number;
  /** The creation time when left out. */
  readonly modifiedSeconds?: number;
  /** 0 when left out, which is also what Apptainer writes since its 1.0. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A source's data as something that reads by range. */
export async function openContent(content: SifContent): Promise<ByteSource> {
  if (typeof content === "string") return bytesSource(new TextEncoder().encode(content));
  if (content instanceof Uint8Array) return bytesSource(content);
  return "path" in content ? await fileSource(content.path) : content;
}

/** The number of the data type and the extra bytes of a kind. */
export function encodeKind(kind: SifObjectKind): { readonly typeCode: number; readonly extra: Uint8Array } {
  switch (kind.type) {
    case "raw":
      return { typeCode: kind.typeCode, extra: kind.extra };
    case "partition":
      return { typeCode: sifDataTypes.partition, extra: encodePartition(kind.partition) };
    case "signature":
      return { typeCode: sifDataTypes.signature, extra: encodeSignature(kind.signature) };
    case "sbom":
      return { typeCode: sifDataTypes.sbom, extra: encodeSbomFormat(kind.sbomFormat) };
    default:
      return { typeCode: sifDataTypes[kind.type], extra: new Uint8Array(descriptorLayout.extra.sizeBytes) };
  }
}

/**
 * Lays out the descriptor of an object that is to stand after `dataEnd`.
 * @throws E_SIF_INVALID when a number is out of its range
 */
export function placeObject(
  object: Omit<SifObjectSource, "content">,
  place: {
    readonly slot: number;
    /** First free byte of the file. */
    readonly dataEnd: number;
    readonly sizeBytes: number;
    readonly timeSeconds: number;
  },
): SifDescriptor {
  const { typeCode, extra } = encodeKind(object.kind);
  const alignment = object.alignmentBytes ?? (object.kind.type === "partition" ? partitionAlignment : 1);
  if (!Number.isSafeInteger(alignment) || alignment < 1) {
    throw new AppError("E_SIF_INVALID", `an alignment of ${alignment} bytes is not possible, at least 1 is`);
  }
  const groupId = object.groupId === "none" ? undefined : (object.groupId ?? 1);
  if (groupId !== undefined && (!Number.isInteger(groupId) || groupId < 1 || groupId >= 2 ** 28)) {
    throw new AppError("E_SIF_INVALID", `${groupId} is no group id: 1 to 268435455 are`);
  }
  const offset = Math.ceil(place.dataEnd / alignment) * alignment;
  const createdSeconds = object.createdSeconds ?? place.timeSeconds;
  const partition = object.kind.type === "partition" ? object.kind.partition : undefined;
  return {
    slot: place.slot,
    id: place.slot + 1,
    type: object.kind.type === "raw" ? "unknown" : object.kind.type,
    typeCode,
    groupId,
    link: object.link ?? { kind: "none" },
    offset,
    sizeBytes: place.sizeBytes,
    paddedSizeBytes: offset - place.dataEnd + place.sizeBytes,
    createdSeconds,
    modifiedSeconds: object.modifiedSeconds ?? createdSeconds,
    uid: object.uid ?? 0,
    gid: object.gid ?? 0,
    name: object.name ?? "",
    extra,
    ...(partition === undefined ? {} : { partition }),
  };
}

/**
 * An object of an open SIF as a source for another, with everything its descriptor says.
 * Good until that file is closed. Alignment follows from where the object stands: a partition stays on a page,
 * other objects keep the alignment only if they had none.
 */
export function objectSourceOf(sif: SifFile, id: number): SifObjectSource {
  const found = sif.object(id);
  const padding = found.paddedSizeBytes - found.sizeBytes;
  return {
    kind: { type: "raw", typeCode: found.typeCode, extra: found.extra },
    content: sif.source(id),
    name: found.name,
    groupId: found.groupId ?? "none",
    link: found.link,
    alignmentBytes: padding > 0 || found.type === "partition" ? alignmentOf(found.offset) : 1,
    createdSeconds: found.createdSeconds,
    modifiedSeconds: found.modifiedSeconds,
    uid: found.uid,
    gid: found.gid,
  };
}

/** The page when the offset stands on one, else the largest power of two that divides it. */
function alignmentOf(offset: number): number {
  let alignment = partitionAlignment;
  while (offset % alignment !== 0) alignment /= 2;
  return alignment;
}
