import { createHash } from "node:crypto";
import { AppError, type Digest } from "@repo2singularity/base";
import { openFileAccess, type RandomAccess } from "../../access/random-access.ts";
import type { SifDescriptor } from "../descriptor.ts";
import { viewOf } from "../fields.ts";
import { descriptorLayout, headerLayout } from "../layout.ts";
import type { SifFile } from "../read.ts";

/** What a signature says of one object. */
export interface SignedObject {
  /** The object's id less the lowest id of its group. */
  readonly relativeId: number;
  readonly descriptorDigest: Digest;
  readonly objectDigest: Digest;
}

/**
 * The text that a signature of a SIF signs, as a value: what the header and the objects of one group are.
 * Source: github.com/apptainer/sif, `pkg/integrity/metadata.go`
 */
export interface SignedFacts {
  readonly version: 1;
  readonly header: { readonly digest: Digest };
  readonly objects: readonly SignedObject[];
}

/**
 * The objects of a group in the order of their ids.
 * @throws E_SIF_NO_OBJECT when the group has none
 */
export function groupObjects(sif: SifFile, groupId: number): readonly [SifDescriptor, ...SifDescriptor[]] {
  const [first, ...others] = sif.descriptors
    .filter((descriptor) => descriptor.groupId === groupId)
    .toSorted((a, b) => a.id - b.id);
  if (first !== undefined) return [first, ...others];
  throw new AppError("E_SIF_NO_OBJECT", `${sif.path}: no object belongs to group ${groupId}`);
}

/** The ids of all groups of a SIF, lowest first. */
export function groupIds(sif: SifFile): readonly number[] {
  const ids = sif.descriptors.flatMap(({ groupId }) => (groupId === undefined ? [] : [groupId]));
  return [...new Set(ids)].toSorted((a, b) => a - b);
}

/**
 * Works out what a signature of a group has to say, by reading every byte of its objects.
 * Memory: one chunk of 1 MiB.
 * @throws E_SIF_NO_OBJECT when the group has no objects
 */
export async function readSignedFacts(sif: SifFile, groupId: number, signal?: AbortSignal): Promise<SignedFacts> {
  const [first, ...others] = groupObjects(sif, groupId);
  await using access = await openFileAccess(sif.path);
  const objects: SignedObject[] = [];
  for (const descriptor of [first, ...others]) {
    const relativeId = descriptor.id - first.id;
    objects.push({
      relativeId,
      descriptorDigest: await digestDescriptor(access, sif, descriptor, relativeId),
      objectDigest: await digestObject(sif, descriptor.id, signal),
    });
  }
  return { version: 1, header: { digest: await digestHeader(access) }, objects };
}

/** Launch line, magic, version and UUID; not what changes when objects are added. */
async function digestHeader(access: RandomAccess): Promise<Digest> {
  const bytes = await readAt(access, 0, headerLayout.sizeBytes);
  const { launch, magic, version, uuid } = headerLayout;
  return digestOf([launch, magic, version, uuid].map((field) => part(bytes, field)));
}

/**
 * Type, use mark, relative id, link, size, creation time, owner, name and extra, as they stand in the file but for the
 * id; where the object lies and when it changed is left out, so that a copy of an object keeps its signature.
 */
async function digestDescriptor(
  access: RandomAccess,
  sif: SifFile,
  descriptor: SifDescriptor,
  relativeId: number,
): Promise<Digest> {
  const { sizeBytes, dataType, used, link, size, createdSeconds, uid, gid, name, extra } = descriptorLayout;
  const bytes = await readAt(access, sif.header.descriptorsOffset + descriptor.slot * sizeBytes, sizeBytes);
  const id = new Uint8Array(4);
  viewOf(id).setUint32(0, relativeId, true);
  const field = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
  const before = [field(dataType, 4), field(used, 1), id, field(link, 4)];
  const numbers = [size, createdSeconds, uid, gid].map((offset) => field(offset, 8));
  return digestOf([...before, ...numbers, part(bytes, name), part(bytes, extra)]);
}

async function digestObject(sif: SifFile, id: number, signal: AbortSignal | undefined): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const chunk of sif.read(id)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return `sha256:${hash.digest("hex")}`;
}

async function readAt(access: RandomAccess, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  if ((await access.readInto(bytes, offset)) === length) return bytes;
  throw new AppError("E_SIF_TRUNCATED", `${access.label}: ends before byte ${offset + length}`);
}

function part(bytes: Uint8Array, field: { readonly offset: number; readonly sizeBytes: number }): Uint8Array {
  return bytes.subarray(field.offset, field.offset + field.sizeBytes);
}

function digestOf(parts: readonly Uint8Array[]): Digest {
  const hash = createHash("sha256");
  for (const bytes of parts) hash.update(bytes);
  return `sha256:${hash.digest("hex")}`;
}
