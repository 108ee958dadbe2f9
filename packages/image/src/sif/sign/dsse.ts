import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { AppError } from "@repo2singularity/base";
import { dsseKeyId } from "./key-id.ts";

/** The payload type of a SIF's facts. Source: github.com/apptainer/sif, `pkg/integrity/dsse.go` */
const payloadType = "application/vnd.sylabs.sif-metadata+json";

/** An envelope and what is in it. */
export interface DsseEnvelope {
  readonly payload: Uint8Array;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyId: string | undefined; readonly signature: Uint8Array }[];
}

/**
 * A private key of PEM text: RSA (2,048 bits or more), ECDSA P-256, P-384 or P-521, Ed25519.
 * @param what names the key in errors, such as its file
 * @param passphrase for a key that is encrypted
 * @throws E_SIGNATURE_KEY when it is none of these, or the passphrase is missing or wrong
 */
export function parsePrivateKey(pem: string, what: string, passphrase?: string): KeyObject {
  try {
    const key = createPrivateKey({ key: pem, format: "pem", ...(passphrase !== undefined && { passphrase }) });
    return checkKind(key, what);
  } catch (error) {
    throw keyError(error, `${what}: no private key in PEM form could be read`);
  }
}

/**
 * A public key of PEM text, also that of a certificate; see {@link parsePrivateKey}.
 * @throws E_SIGNATURE_KEY
 */
export function parsePublicKey(pem: string, what: string): KeyObject {
  try {
    return checkKind(createPublicKey({ key: pem, format: "pem" }), what);
  } catch (error) {
    throw keyError(error, `${what}: no public key in PEM form could be read`);
  }
}

function keyError(error: unknown, message: string): AppError {
  if (error instanceof AppError) return error;
  return new AppError("E_SIGNATURE_KEY", message, {
    cause: error,
    hint: "make one with: openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout",
  });
}

function checkKind(key: KeyObject, what: string): KeyObject {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType;
  const curves = new Set(["prime256v1", "secp384r1", "secp521r1"]);
  const fits =
    kind === "ed25519" || (kind === "rsa" && modulusLength >= 2048) || (kind === "ec" && curves.has(namedCurve));
  if (fits) return key;
  const found = [kind, namedCurve, modulusLength > 0 ? `${modulusLength} bits` : ""].filter((word) => word !== "");
  throw new AppError(
    "E_SIGNATURE_KEY",
    `${what}: is a key of the kind ${found.join(" ")}, expected Ed25519, ECDSA P-256 or RSA of 2048 bits or more`,
  );
}

/**
 * A DSSE envelope around a text, as JSON.
 * Source: github.com/secure-systems-lab/dsse, `protocol.md` and `envelope.md`
 */
export function makeEnvelope(text: string, privateKey: KeyObject): string {
  const payload = Buffer.from(text, "utf8");
  const signature = sign(hashFor(privateKey), preAuthentication(payload), privateKey);
  const keyid = dsseKeyId(createPublicKey(privateKey));
  return JSON.stringify({
    payloadType,
    payload: payload.toString("base64"),
    signatures: [{ ...(keyid !== undefined && { keyid }), sig: signature.toString("base64") }],
  });
}

/** Parses what may be an envelope; `undefined` when it is none. */
export function tryParseEnvelope(text: string): DsseEnvelope | undefined {
  const value = tryParseJson(text);
  if (typeof value !== "object" || value === null || !("payload" in value && "payloadType" in value)) return undefined;
  if (typeof value.payload !== "string" || typeof value.payloadType !== "string") return undefined;
  const signatures: unknown[] = "signatures" in value && Array.isArray(value.signatures) ? value.signatures : [];
  return {
    payload: Buffer.from(value.payload, "base64"),
    payloadType: value.payloadType,
    signatures: signatures.flatMap((one) => {
      if (typeof one !== "object" || one === null || !("sig" in one) || typeof one.sig !== "string") return [];
      const keyId = "keyid" in one && typeof one.keyid === "string" && one.keyid !== "" ? one.keyid : undefined;
      return [{ keyId, signature: Buffer.from(one.sig, "base64") }];
    }),
  };
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Finds the key that one of an envelope's signatures is of. Key ids are hints: only the signature counts.
 * @returns the first of the keys that fits; `undefined` when none does or the envelope holds something else
 */
export function findSigner(envelope: DsseEnvelope, publicKeys: readonly KeyObject[]): KeyObject | undefined {
  if (envelope.payloadType !== payloadType) return undefined;
  const signed = preAuthentication(envelope.payload);
  return publicKeys.find((key) => envelope.signatures.some((one) => verify(hashFor(key), signed, key, one.signature)));
}

/** Ed25519 hashes by itself. */
function hashFor(key: KeyObject): "sha256" | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

/** What is signed: `DSSEv1 LENGTH TYPE LENGTH PAYLOAD`, lengths in bytes. */
function preAuthentication(payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, "utf8");
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `, "utf8"), payload]);
}
