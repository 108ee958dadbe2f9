import type { Key, PrivateKey } from "openpgp";
import { AppError } from "@repo2singularity/base";
import { loadOpenpgp } from "./load-openpgp.ts";

/** An OpenPGP key: its public part, or with the secret one. */
export interface PgpKey {
  /** Of the primary key; 40 hexadecimal digits, lower case. */
  readonly fingerprintHex: string;
  /** Such as `Ada Lovelace <ada@example.org>`. */
  readonly userIds: readonly string[];
  /** Such as `rsa 4096` or `ed25519`. */
  readonly algorithm: string;
  readonly createdSeconds: number;
  readonly isSecret: boolean;
  /** Whether a passphrase is needed before it can sign; `false` for public keys. */
  readonly isLocked: boolean;
  /** The transferable key, binary. Source: RFC 9580, section 10.1 */
  readonly bytes: Uint8Array;
}

/**
 * Parses keys, binary or armored, one or many in a row.
 * @param what names them in errors, such as their file
 * @throws E_SIGNATURE_KEY when there are none
 */
export async function parsePgpKeys(content: Uint8Array, what: string): Promise<readonly PgpKey[]> {
  const openpgp = await loadOpenpgp();
  const isArmored = Buffer.from(content.subarray(0, 4096)).includes("-----BEGIN PGP ");
  try {
    const keys = isArmored
      ? await openpgp.readKeys({ armoredKeys: Buffer.from(content).toString("utf8") })
      : await openpgp.readKeys({ binaryKeys: content });
    return keys.map((key) => describeKey(key));
  } catch (error) {
    throw new AppError("E_SIGNATURE_KEY", `${what}: holds no OpenPGP key that can be read`, { cause: error });
  }
}

/** The same key without its secret. */
export async function publicPgpKey(key: PgpKey): Promise<PgpKey> {
  const { readKey } = await loadOpenpgp();
  return describeKey((await readKey({ binaryKey: key.bytes })).toPublic());
}

/** A key as text between `-----BEGIN PGP …-----` lines. */
export async function armorPgpKey(key: PgpKey): Promise<string> {
  const { readKey } = await loadOpenpgp();
  return (await readKey({ binaryKey: key.bytes })).armor();
}

/** What a new key is to be. */
export interface NewPgpKey {
  readonly name: string;
  readonly email?: string;
  readonly comment?: string;
  /** Encrypts the secret part; in the clear when left out. */
  readonly passphrase?: string;
  /** Makes an RSA key of so many bits, 2,048 or more; Ed25519 when left out. */
  readonly rsaBits?: number;
}

/**
 * Makes a key pair of version 4, the only one that apptainer and GnuPG 2.2 read.
 * @returns the secret key, which holds the public one
 */
export async function makePgpKey(wanted: NewPgpKey): Promise<PgpKey> {
  const { generateKey, readPrivateKey } = await loadOpenpgp();
  const { name, email, comment, passphrase, rsaBits } = wanted;
  const { privateKey } = await generateKey({
    ...(rsaBits === undefined
      ? { type: "ecc" as const, curve: "ed25519Legacy" as const }
      : { type: "rsa" as const, rsaBits }),
    userIDs: [{ name, ...(email !== undefined && { email }), ...(comment !== undefined && { comment }) }],
    ...(passphrase !== undefined && { passphrase }),
    format: "binary",
  });
  return describeKey(await readPrivateKey({ binaryKey: privateKey }));
}

function describeKey(key: Key): PgpKey {
  const { algorithm, bits } = key.getAlgorithmInfo();
  return {
    fingerprintHex: key.getFingerprint(),
    userIds: key.getUserIDs(),
    algorithm: bits === undefined ? algorithm.replace("Legacy", "") : `rsa ${bits}`,
    createdSeconds: Math.floor(key.getCreationTime().getTime() / 1000),
    isSecret: key.isPrivate(),
    isLocked: isSecretKey(key) && !key.isDecrypted(),
    bytes: key.write(),
  };
}

function isSecretKey(key: Key): key is PrivateKey {
  return key.isPrivate();
}
