import { AppError } from "@repo2singularity/base";
import { readText, viewOf, writeText } from "./fields.ts";
import {
  nameOfCode,
  sifArchitectures,
  sifFileSystems,
  sifPartitionKinds,
  type SifArchitecture,
  type SifFileSystem,
  type SifPartitionKind,
} from "./kinds.ts";
import { descriptorLayout } from "./layout.ts";

/** What the descriptor of a partition says of it. */
export interface SifPartition {
  readonly fileSystem: SifFileSystem;
  readonly kind: SifPartitionKind;
  readonly architecture: SifArchitecture;
}

/** Hash functions of a signature by their number in the descriptor. */
const signatureHashes = { sha256: 1, sha384: 2, sha512: 3, "blake2s-256": 4, "blake2b-256": 5 } as const;

/** What the descriptor of a signature says of it. */
export interface SifSignature {
  readonly hash: keyof typeof signatureHashes;
  /** 40 hexadecimal digits of an OpenPGP key; left out for signatures of other keys. */
  readonly fingerprintHex?: string;
}

/** Forms of a software bill of materials by their number in the descriptor. */
export const sifSbomFormats = {
  "cyclonedx-json": 1,
  "cyclonedx-xml": 2,
  "github-json": 3,
  "spdx-json": 4,
  "spdx-rdf": 5,
  "spdx-tag-value": 6,
  "spdx-yaml": 7,
  "syft-json": 8,
} as const;

/** The form of a software bill of materials. */
export type SifSbomFormat = keyof typeof sifSbomFormats;

const fingerprintBytes = 20;

/** Parses the extra field of a partition; `undefined` when it has numbers that are not known. */
export function tryParsePartition(extra: Uint8Array): SifPartition | undefined {
  const view = viewOf(extra);
  const fileSystem = nameOfCode<SifFileSystem, number>(sifFileSystems, view.getInt32(0, true));
  const kind = nameOfCode<SifPartitionKind, number>(sifPartitionKinds, view.getInt32(4, true));
  const architecture = nameOfCode<SifArchitecture, string>(sifArchitectures, readText(extra, 8, 3));
  if (fileSystem === undefined || kind === undefined) return undefined;
  return { fileSystem, kind, architecture: architecture ?? "unknown" };
}

/** Parses the extra field of a signature; `undefined` when its hash is not known. */
export function tryParseSignature(extra: Uint8Array): SifSignature | undefined {
  const hash = nameOfCode<SifSignature["hash"], number>(signatureHashes, viewOf(extra).getInt32(0, true));
  if (hash === undefined) return undefined;
  const fingerprint = extra.subarray(4, 4 + fingerprintBytes);
  if (fingerprint.every((byte) => byte === 0)) return { hash };
  return { hash, fingerprintHex: Buffer.from(fingerprint).toString("hex") };
}

/** Parses the extra field of a bill of materials; `undefined` when its form is not known. */
export function tryParseSbomFormat(extra: Uint8Array): SifSbomFormat | undefined {
  return nameOfCode<SifSbomFormat, number>(sifSbomFormats, viewOf(extra).getInt32(0, true));
}

/** The 384 bytes of a partition's extra field. */
export function encodePartition(partition: SifPartition): Uint8Array {
  const extra = new Uint8Array(descriptorLayout.extra.sizeBytes);
  const view = viewOf(extra);
  view.setInt32(0, sifFileSystems[partition.fileSystem], true);
  view.setInt32(4, sifPartitionKinds[partition.kind], true);
  writeText(extra, { offset: 8, sizeBytes: 3 }, sifArchitectures[partition.architecture]);
  return extra;
}

/**
 * The 384 bytes of a signature's extra field.
 * @throws E_SIF_INVALID when the fingerprint has not 40 hexadecimal digits
 */
export function encodeSignature(signature: SifSignature): Uint8Array {
  const extra = new Uint8Array(descriptorLayout.extra.sizeBytes);
  viewOf(extra).setInt32(0, signatureHashes[signature.hash], true);
  const { fingerprintHex } = signature;
  if (fingerprintHex === undefined) return extra;
  if (!/^[0-9a-f]{40}$/i.test(fingerprintHex)) {
    throw new AppError("E_SIF_INVALID", `"${fingerprintHex}" is no fingerprint of 40 hexadecimal digits`);
  }
  extra.set(Buffer.from(fingerprintHex, "hex"), 4);
  return extra;
}

/** The 384 bytes of a bill of materials' extra field. */
export function encodeSbomFormat(format: SifSbomFormat): Uint8Array {
  const extra = new Uint8Array(descriptorLayout.extra.sizeBytes);
  viewOf(extra).setInt32(0, sifSbomFormats[format], true);
  return extra;
}
