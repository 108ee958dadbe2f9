import type { KeyObject } from "node:crypto";
import { AppError } from "@repo2singularity/base";
import { openClearSigned } from "../../pgp/clear-sign.ts";
import type { PgpKey } from "../../pgp/pgp-key.ts";
import { openSif, type SifFile } from "../read.ts";
import { compareFacts } from "./compare-facts.ts";
import { findSigner } from "./dsse.ts";
import { groupSignatures, type GroupSignature } from "./group-signatures.ts";
import { dsseKeyId } from "./key-id.ts";
import { parseFacts } from "./parse-facts.ts";
import { groupIds, groupObjects, readSignedFacts } from "./signed-facts.ts";

/** What signatures are checked with. DSSE signatures need `publicKeys`, PGP ones `findPgpKey`. */
export interface VerificationKeys {
  readonly publicKeys?: readonly KeyObject[];
  /**
   * Finds the key of a signer.
   * @param fingerprintHex 40 digits, lower case
   * @returns undefined when nobody trusted has it
   */
  readonly findPgpKey?: (fingerprintHex: string, signal?: AbortSignal) => Promise<PgpKey | undefined>;
}

/** A signature that is right. */
export interface VerifiedSignature {
  /** Of the signature's object. */
  readonly id: number;
  readonly groupId: number;
  /** The objects whose every byte it vouches for. */
  readonly objectIds: readonly number[];
  readonly kind: "dsse" | "pgp";
  /** Fingerprint of a PGP key; OpenSSH fingerprint of another (`SHA256:…`). */
  readonly signer: string;
  /** Of a PGP key. */
  readonly userIds: readonly string[];
}

/**
 * Checks the signatures of every object group of a SIF, as `apptainer verify` does: each group must have one, and each
 * must be right.
 * @throws E_SIGNATURE_MISSING when a group has none
 * @throws E_SIGNATURE_KEY when a signer's key is not among those given
 * @throws E_SIGNATURE_INVALID when a signature is of another key or the image was changed
 */
export async function verifySifSignatures(
  path: string,
  keys: VerificationKeys,
  options: {
    /** What messages call the image; its path when left out. */
    readonly name?: string;
    readonly signal?: AbortSignal;
  } = {},
): Promise<readonly VerifiedSignature[]> {
  const { name = path } = options;
  await using sif = await openSif(path);
  const verified: VerifiedSignature[] = [];
  const ids = groupIds(sif);
  for (const groupId of ids) {
    const signatures = await groupSignatures(sif, groupId);
    if (signatures.length === 0) throw unsigned(`${name}: object group ${groupId} has no signature`);
    const actual = await readSignedFacts(sif, groupId, options.signal);
    for (const signature of signatures) {
      const what = `${name}: signature ${signature.id}`;
      const { text, ...signer } = await openSignature(signature, keys, what, options.signal);
      compareFacts(parseFacts(text, what), actual, what);
      const objectIds = groupObjects(sif, groupId).map(({ id }) => id);
      verified.push({ id: signature.id, groupId, objectIds, ...signer });
    }
  }
  if (ids.length === 0) throw unsigned(`${name}: no object belongs to a group, so nothing is signed`);
  return verified;
}

/**
 * The fingerprints of the PGP keys that a SIF claims to be signed with, unchecked.
 * @returns 40 digits each, lower case; empty when there are no PGP signatures
 */
export function claimedFingerprints(sif: SifFile): readonly string[] {
  const all = sif.descriptors.flatMap(({ signature }) => signature?.fingerprintHex ?? []);
  return [...new Set(all)];
}

interface OpenedSignature extends Pick<VerifiedSignature, "kind" | "signer" | "userIds"> {
  readonly text: string;
}

async function openSignature(
  signature: GroupSignature,
  keys: VerificationKeys,
  what: string,
  signal: AbortSignal | undefined,
): Promise<OpenedSignature> {
  if (signature.kind === "dsse") return openDsse(signature, keys.publicKeys ?? [], what);
  if (signature.kind === "unknown") {
    throw new AppError("E_SIGNATURE_INVALID", `${what}: is neither a PGP nor a DSSE signature`);
  }
  const { fingerprintHex, message } = signature;
  const key = fingerprintHex === undefined ? undefined : await keys.findPgpKey?.(fingerprintHex, signal);
  if (fingerprintHex === undefined || key === undefined) {
    throw new AppError("E_SIGNATURE_KEY", `${what}: its PGP key ${fingerprintHex ?? ""} is not known here`, {
      hint: `fetch the key if you trust it: repo2singularity key pull ${fingerprintHex ?? "FINGERPRINT"}`,
    });
  }
  if (key.fingerprintHex !== fingerprintHex) {
    throw new AppError("E_SIGNATURE_KEY", `${what}: asked for key ${fingerprintHex}, found ${key.fingerprintHex}`);
  }
  const text = await openClearSigned(message, key, what);
  return { kind: "pgp", signer: fingerprintHex, userIds: key.userIds, text };
}

function openDsse(
  { envelope }: Extract<GroupSignature, { kind: "dsse" }>,
  publicKeys: readonly KeyObject[],
  what: string,
): OpenedSignature {
  const ids = envelope.signatures.flatMap(({ keyId }) => keyId ?? []).join(", ");
  if (publicKeys.length === 0) {
    throw new AppError("E_SIGNATURE_KEY", `${what}: is a DSSE signature ${ids}, and no public key was given`, {
      hint: "give the signer's public key: repo2singularity verify --key PUBLIC.pem IMAGE",
    });
  }
  const key = findSigner(envelope, publicKeys);
  if (key === undefined) {
    const given = publicKeys.map((one) => dsseKeyId(one) ?? one.asymmetricKeyType).join(", ");
    throw new AppError("E_SIGNATURE_INVALID", `${what}: is of ${ids === "" ? "another key" : ids}, not of ${given}`, {
      hint: "the key is not that of its signer, or the signature was changed",
    });
  }
  const signer = dsseKeyId(key) ?? String(key.asymmetricKeyType);
  return { kind: "dsse", signer, userIds: [], text: Buffer.from(envelope.payload).toString("utf8") };
}

function unsigned(message: string): AppError {
  return new AppError("E_SIGNATURE_MISSING", message, { hint: "sign it: repo2singularity sign IMAGE" });
}
