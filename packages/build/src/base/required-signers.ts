import { AppError, canonicalJson, sha256Hex } from "@repo2singularity/base";
import { verifySifSignatures } from "@repo2singularity/image";
import * as z from "zod";
import type { BaseDependencies } from "./base-dependencies.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/** Which keys a SIF was found to be signed with, for SIFs of which only the layer was kept. */
const signersKind = "base-signers";
const SignersRecord = z.array(z.string());

/** What checking signatures needs. */
export type SignerDependencies = Pick<BaseDependencies, "findPgpKey" | "signal" | "signers" | "store">;

/**
 * Checks that a SIF is signed by every key that is asked for, each over all of its groups of objects, as Apptainer does
 * for `Fingerprints:`. Nothing is asked for where there are none.
 * @param name what messages call the file
 * @throws E_SIGNATURE_MISSING for a key that did not sign; what `verifySifSignatures` throws
 * Source: Apptainer user guide, "Fingerprints"
 */
export async function requireSigners(file: string, name: string, deps: SignerDependencies): Promise<void> {
  const { signers = [], findPgpKey, signal } = deps;
  if (signers.length === 0) return;
  const keys = findPgpKey === undefined ? {} : { findPgpKey };
  const verified = await verifySifSignatures(file, keys, { name, ...(signal === undefined ? {} : { signal }) });
  const groups = new Set(verified.map(({ groupId }) => groupId));
  const signed = Map.groupBy(verified, ({ signer }) => signer);
  const missing = signers.filter((one) => new Set(signed.get(one)?.map(({ groupId }) => groupId)).size < groups.size);
  if (missing.length === 0) return;
  throw new AppError("E_SIGNATURE_MISSING", `${name}: is not signed by ${missing.join(", ")}, as Fingerprints: asks`, {
    hint: "look who signed it with `repo2singularity verify`; build from an image that these keys signed",
    data: { missing, signers: [...signed.keys()] },
  });
}

/** @throws E_SIGNATURE_MISSING when somebody has to have signed what cannot be signed */
export function refuseSigners(name: string, { signers = [] }: Pick<BaseDependencies, "signers">): void {
  if (signers.length === 0) return;
  throw new AppError("E_SIGNATURE_MISSING", `${name}: is no SIF, so nobody signed it, as Fingerprints: asks`, {
    hint: "name a signed .sif, or take the header out of the definition file",
  });
}

/** Remembers who was found to have signed the SIF that a base was made of. */
export async function keepSigners(base: ResolvedBase, { store, signers = [] }: SignerDependencies): Promise<void> {
  if (signers.length > 0) await store.writeRecord(signersKind, keyOf(base), [...signers], [base.digest]);
}

/** Whether all who are asked for were found to have signed that SIF before. */
export async function isKnownSigned(base: ResolvedBase, { store, signers = [] }: SignerDependencies): Promise<boolean> {
  if (signers.length === 0) return true;
  const record = SignersRecord.safeParse((await store.readRecord(signersKind, keyOf(base)))?.value);
  return record.success && signers.every((one) => record.data.includes(one));
}

/** Everything that is taken of a SIF: its tree, and what it says of how its programs run. */
function keyOf({ digest, config }: ResolvedBase): string {
  return sha256Hex(canonicalJson({ digest, config }));
}
