import { isClearSigned } from "../../pgp/clear-sign.ts";
import type { SifFile } from "../read.ts";
import { tryParseEnvelope, type DsseEnvelope } from "./dsse.ts";

/** A signature object of a group as it stands in the file, unchecked. */
export type GroupSignature = {
  /** Of the signature's object. */
  readonly id: number;
} & (
  | { readonly kind: "dsse"; readonly envelope: DsseEnvelope }
  | { readonly kind: "pgp"; readonly message: string; readonly fingerprintHex: string | undefined }
  | { readonly kind: "unknown" }
);

/** A signature is some kilobytes; one of many objects some hundred. */
const limitBytes = 4 * 2 ** 20;

/**
 * The signatures of a group in the order of their ids. Signatures of single objects (`apptainer sign --sif-id`) are
 * not among them, because they say nothing of the others.
 * @throws E_LIMIT_EXCEEDED when one has more than 4 MiB
 */
export async function groupSignatures(sif: SifFile, groupId: number): Promise<readonly GroupSignature[]> {
  const found: GroupSignature[] = [];
  for (const { id, type, link, signature } of sif.descriptors) {
    if (type !== "signature" || link.kind !== "group" || link.id !== groupId) continue;
    const text = Buffer.from(await sif.readBytes(id, limitBytes)).toString("utf8");
    if (isClearSigned(text)) {
      found.push({ id, kind: "pgp", message: text, fingerprintHex: signature?.fingerprintHex });
      continue;
    }
    const envelope = tryParseEnvelope(text);
    found.push(envelope === undefined ? { id, kind: "unknown" } : { id, kind: "dsse", envelope });
  }
  return found.toSorted((a, b) => a.id - b.id);
}
