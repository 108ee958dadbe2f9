import { AppError } from "@repo2singularity/base";
import { tryParsePartition, tryParseSbomFormat, tryParseSignature } from "./extra.ts";
import type { SifPartition, SifSbomFormat, SifSignature } from "./extra.ts";
import { readCount, readSigned, readText, viewOf, writeInteger, writeText } from "./fields.ts";
import { nameOfCode, sifDataTypes, type SifDataType } from "./kinds.ts";
import { descriptorLayout, groupMask } from "./layout.ts";

/** What an object's link field points at. */
export type SifLink =
  | { readonly kind: "none" }
  | { readonly kind: "object"; readonly id: number }
  | { readonly kind: "group"; readonly id: number };

/** One object of a SIF. */
export interface SifDescriptor {
  /** Where the descriptor stands in the table, from 0; an object keeps its slot for life. */
  readonly slot: number;
  readonly id: number;
  /** `unknown` for numbers of a later version; {@link typeCode} keeps them. */
  readonly type: SifDataType | "unknown";
  readonly typeCode: number;
  /** From 1; `undefined` when the object belongs to none. */
  readonly groupId: number | undefined;
  readonly link: SifLink;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** The size and the padding before it that alignment needed. */
  readonly paddedSizeBytes: number;
  readonly createdSeconds: number;
  readonly modifiedSeconds: number;
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  /** The 384 bytes that depend on the type, as they stand in the file. */
  readonly extra: Uint8Array;
  readonly partition?: SifPartition;
  readonly signature?: SifSignature;
  readonly sbomFormat?: SifSbomFormat;
}

/**
 * Parses one slot of the descriptor table.
 * @param bytes exactly 585 bytes
 * @param where path named in errors, and the slot's number and offset in bytes from the start of the file
 * @returns `undefined` for a slot that is not in use
 * @throws E_SIF_INVALID when a number in it is impossible
 */
export function parseDescriptor(
  bytes: Uint8Array,
  where: { readonly path: string; readonly slot: number; readonly offset: number },
): SifDescriptor | undefined {
  const used = bytes[descriptorLayout.used];
  if (used === 0) return undefined;
  const what = (field: string): string => `${where.path}: ${field} of descriptor ${where.slot + 1}`;
  if (used !== 1) {
    throw new AppError("E_SIF_INVALID", `${what("use mark")} at byte ${where.offset + 4} is ${used}, not 0 or 1`);
  }
  const view = viewOf(bytes);
  const count = (at: number, field: string): number => readCount(view, at, what(field), where.offset);
  const signed = (at: number, field: string): number => readSigned(view, at, what(field), where.offset);
  const typeCode = view.getInt32(descriptorLayout.dataType, true);
  const { name, extra } = descriptorLayout;
  const type = nameOfCode<SifDataType, number>(sifDataTypes, typeCode) ?? "unknown";
  const extraBytes = bytes.slice(extra.offset, extra.offset + extra.sizeBytes);
  return {
    slot: where.slot,
    id: view.getUint32(descriptorLayout.id, true),
    type,
    typeCode,
    groupId: decodeGroup(view.getUint32(descriptorLayout.group, true)),
    link: decodeLink(view.getUint32(descriptorLayout.link, true)),
    offset: count(descriptorLayout.offset, "offset"),
    sizeBytes: count(descriptorLayout.size, "size"),
    paddedSizeBytes: count(descriptorLayout.paddedSize, "padded size"),
    createdSeconds: signed(descriptorLayout.createdSeconds, "creation time"),
    modifiedSeconds: signed(descriptorLayout.modifiedSeconds, "modification time"),
    uid: signed(descriptorLayout.uid, "owner"),
    gid: signed(descriptorLayout.gid, "group"),
    name: readText(bytes, name.offset, name.sizeBytes),
    extra: extraBytes,
    ...parseExtra(type, extraBytes),
  };
}

function parseExtra(
  type: SifDescriptor["type"],
  extra: Uint8Array,
): Pick<SifDescriptor, "partition" | "signature" | "sbomFormat"> {
  const partition = type === "partition" ? tryParsePartition(extra) : undefined;
  const signature = type === "signature" ? tryParseSignature(extra) : undefined;
  const sbomFormat = type === "sbom" ? tryParseSbomFormat(extra) : undefined;
  return {
    ...(partition === undefined ? {} : { partition }),
    ...(signature === undefined ? {} : { signature }),
    ...(sbomFormat === undefined ? {} : { sbomFormat }),
  };
}

/** The 585 bytes of a descriptor that is in use. */
export function encodeDescriptor(descriptor: Omit<SifDescriptor, "slot">): Uint8Array {
  const bytes = new Uint8Array(descriptorLayout.sizeBytes);
  const view = viewOf(bytes);
  view.setInt32(descriptorLayout.dataType, descriptor.typeCode, true);
  bytes[descriptorLayout.used] = 1;
  view.setUint32(descriptorLayout.id, descriptor.id, true);
  view.setUint32(descriptorLayout.group, groupMask + (descriptor.groupId ?? 0), true);
  view.setUint32(descriptorLayout.link, encodeLink(descriptor.link), true);
  writeInteger(view, descriptorLayout.offset, descriptor.offset);
  writeInteger(view, descriptorLayout.size, descriptor.sizeBytes);
  writeInteger(view, descriptorLayout.paddedSize, descriptor.paddedSizeBytes);
  writeInteger(view, descriptorLayout.createdSeconds, descriptor.createdSeconds);
  writeInteger(view, descriptorLayout.modifiedSeconds, descriptor.modifiedSeconds);
  writeInteger(view, descriptorLayout.uid, descriptor.uid);
  writeInteger(view, descriptorLayout.gid, descriptor.gid);
  writeText(bytes, descriptorLayout.name, descriptor.name);
  bytes.set(descriptor.extra.subarray(0, descriptorLayout.extra.sizeBytes), descriptorLayout.extra.offset);
  return bytes;
}

function decodeGroup(value: number): number | undefined {
  const id = value % 2 ** 28;
  return id === 0 ? undefined : id;
}

function decodeLink(value: number): SifLink {
  if (value === 0) return { kind: "none" };
  return value >= groupMask ? { kind: "group", id: value - groupMask } : { kind: "object", id: value };
}

function encodeLink(link: SifLink): number {
  if (link.kind === "none") return 0;
  return link.kind === "group" ? groupMask + link.id : link.id;
}
