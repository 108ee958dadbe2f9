import type { KeyObject } from "node:crypto";
import { AppError } from "@repo2singularity/base";
import { clearSign } from "../../pgp/clear-sign.ts";
import type { PgpKey } from "../../pgp/pgp-key.ts";
import { addSifObject } from "../modify.ts";
import { openSif, type SifFile } from "../read.ts";
import { makeEnvelope } from "./dsse.ts";
import { formatFacts } from "./parse-facts.ts";
import { groupSignatures } from "./group-signatures.ts";
import { groupIds, readSignedFacts } from "./signed-facts.ts";

/** Who signs: a key of OpenSSL's kinds (DSSE) or an OpenPGP key. */
export type SifSigner =
  | { readonly kind: "dsse"; readonly privateKey: KeyObject }
  | { readonly kind: "pgp"; readonly key: PgpKey; readonly passphrase?: string };

/** A signature that was added. */
export interface AddedSignature {
  /** Of the signature's object. */
  readonly id: number;
  readonly groupId: number;
}

/**
 * Signs every object group of a SIF, in place, as `apptainer sign` does. A kill leaves a file that is whole, with or
 * without the signature.
 * @param options time for the new objects, Unix seconds
 * @returns what was added, one signature for each group
 * @throws E_SIGNATURE_KEY when the key cannot sign
 * @throws E_SIGNATURE_MIXED when a group has a signature of the other form: apptainer verifies neither then
 * @throws E_SIF_NO_OBJECT when nothing is in a group, E_SIF_INVALID when no descriptor is free
 */
export async function signSif(
  path: string,
  signer: SifSigner,
  options: { readonly timeSeconds: number; readonly signal?: AbortSignal },
): Promise<readonly AddedSignature[]> {
  const messages: { readonly groupId: number; readonly text: string }[] = [];
  {
    await using sif = await openSif(path);
    const ids = groupIds(sif);
    if (ids.length === 0)
      throw new AppError("E_SIF_NO_OBJECT", `${path}: no object belongs to a group, nothing to sign`);
    for (const groupId of ids) {
      await refuseMixture(sif, groupId, signer.kind);
      const text = formatFacts(await readSignedFacts(sif, groupId, options.signal));
      messages.push({ groupId, text: await signText(text, signer) });
    }
  }
  const added: AddedSignature[] = [];
  for (const { groupId, text } of messages) {
    const fingerprint = signer.kind === "pgp" ? { fingerprintHex: signer.key.fingerprintHex } : {};
    const { id } = await addSifObject(
      path,
      {
        kind: { type: "signature", signature: { hash: "sha256", ...fingerprint } },
        content: text,
        groupId: "none",
        link: { kind: "group", id: groupId },
      },
      options,
    );
    added.push({ id, groupId });
  }
  return added;
}

async function signText(text: string, signer: SifSigner): Promise<string> {
  if (signer.kind === "dsse") return makeEnvelope(text, signer.privateKey);
  return clearSign(text, signer.key, signer.passphrase);
}

async function refuseMixture(sif: SifFile, groupId: number, kind: SifSigner["kind"]): Promise<void> {
  const other = (await groupSignatures(sif, groupId)).find((signature) => signature.kind !== kind);
  if (other === undefined) return;
  throw new AppError(
    "E_SIGNATURE_MIXED",
    `${sif.path}: object ${other.id} is a ${formName(other.kind)} signature of group ${groupId}, and with one of the form ${formName(kind)} beside it apptainer would verify neither`,
    { hint: "sign with a key of the same kind, or sign a copy that is not signed yet" },
  );
}

function formName(kind: "dsse" | "pgp" | "unknown"): string {
  return { dsse: "DSSE", pgp: "PGP", unknown: "unknown" }[kind];
}
