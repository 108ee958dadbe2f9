import { AppError } from "@repo2singularity/base";
import { loadOpenpgp } from "./load-openpgp.ts";
import type { PgpKey } from "./pgp-key.ts";

const firstLine = "-----BEGIN PGP SIGNED MESSAGE-----";

/** Whether a text is a clear-signed message. */
export function isClearSigned(text: string): boolean {
  return text.trimStart().startsWith(firstLine);
}

/**
 * Signs a text in the open: the text stays readable, its signature follows.
 * Source: RFC 9580, section 7
 * @throws E_SIGNATURE_KEY when the key is not secret, or locked with another passphrase, or may not sign
 */
export async function clearSign(text: string, key: PgpKey, passphrase?: string): Promise<string> {
  const { createCleartextMessage, decryptKey, readPrivateKey, sign } = await loadOpenpgp();
  const name = `key ${key.fingerprintHex}`;
  if (!key.isSecret) {
    throw new AppError("E_SIGNATURE_KEY", `${name}: is a public key, a secret one is needed to sign`);
  }
  if (key.isLocked && passphrase === undefined) {
    throw new AppError("E_SIGNATURE_KEY", `${name}: is locked by a passphrase, and none was given`, {
      hint: "give the passphrase by --passphrase-file, or by a line on standard input",
    });
  }
  let signingKeys = await readPrivateKey({ binaryKey: key.bytes });
  try {
    if (key.isLocked && passphrase !== undefined) {
      signingKeys = await decryptKey({ privateKey: signingKeys, passphrase });
    }
    return await sign({ message: await createCleartextMessage({ text }), signingKeys });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("E_SIGNATURE_KEY", `${name}: cannot sign: ${reason}`, { cause: error });
  }
}

/**
 * Checks a clear-signed message against one key.
 * @param what names the message in errors
 * @returns the text that was signed
 * @throws E_SIGNATURE_INVALID when it is malformed, changed, or of another key; also when the key had expired or was
 * revoked when it signed
 */
export async function openClearSigned(message: string, key: PgpKey, what: string): Promise<string> {
  const { readCleartextMessage, readKey, verify } = await loadOpenpgp();
  try {
    const { data } = await verify({
      message: await readCleartextMessage({ cleartextMessage: message }),
      verificationKeys: await readKey({ binaryKey: key.bytes }),
      expectSigned: true, // rejects unless a signature is of the key and right
    });
    return data;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("E_SIGNATURE_INVALID", `${what}: does not verify with key ${key.fingerprintHex}: ${reason}`, {
      hint: "the image was changed after it was signed, or the key is not that of its signer",
      cause: error,
    });
  }
}
