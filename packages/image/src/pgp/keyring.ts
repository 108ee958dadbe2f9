import { chmod, readFile } from "node:fs/promises";
import path from "node:path";
import { AppError, errnoOf } from "@repo2singularity/base";
import { replaceFile, writeFully } from "../files/replace-file.ts";
import { withKeyringLock } from "./keyring-lock.ts";
import { parsePgpKeys, publicPgpKey, type PgpKey } from "./pgp-key.ts";

/**
 * The keys of a user as apptainer keeps them: `pgp-public` and `pgp-secret`, transferable keys in a row, binary.
 * Source: apptainer 1.4, `pkg/sypgp/sypgp.go`
 */
export interface Keyring {
  /** Keys of others and one's own, in the order of the file. */
  publicKeys(): Promise<readonly PgpKey[]>;
  secretKeys(): Promise<readonly PgpKey[]>;
  /**
   * Adds a key; a secret one to both files. One of the same fingerprint is replaced. Of our own processes one at a time
   * does this; apptainer knows no lock.
   */
  add(key: PgpKey): Promise<void>;
}

/**
 * Opens the keyring of a folder, which is made when a key is added.
 * @param folder usually `~/.apptainer/keys`
 */
export function openKeyring(folder: string): Keyring {
  const publicFile = path.join(folder, "pgp-public");
  const secretFile = path.join(folder, "pgp-secret");
  const addTo = async (file: string, key: PgpKey): Promise<void> => {
    const others = (await readKeys(file)).filter(({ fingerprintHex }) => fingerprintHex !== key.fingerprintHex);
    const bytes = Buffer.concat([...others, key].map((one) => one.bytes));
    await replaceFile(file, (handle) => writeFully(handle, bytes, 0), { mode: 0o600 });
    await chmod(file, 0o600); // whatever the umask is, apptainer refuses other bits
  };
  return {
    publicKeys: () => readKeys(publicFile),
    secretKeys: () => readKeys(secretFile),
    add: (key) =>
      withKeyringLock(folder, async () => {
        if (key.isSecret) await addTo(secretFile, key);
        await addTo(publicFile, key.isSecret ? await publicPgpKey(key) : key);
      }),
  };
}

async function readKeys(file: string): Promise<readonly PgpKey[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw new AppError("E_FILE_ACCESS", `${file}: cannot be read`, { cause: error });
  }
  return bytes.length === 0 ? [] : parsePgpKeys(bytes, file);
}

/**
 * The one key of a list that a user means.
 * @param wanted the end of a fingerprint, 8 digits or more, with or without `0x`; or a part of a user id; the only key
 * of the list when left out
 * @param what the list, for errors, such as its folder
 * @throws E_SIGNATURE_KEY when there is none or more than one
 */
export function selectPgpKey(keys: readonly PgpKey[], wanted: string | undefined, what: string): PgpKey {
  const fitting = wanted === undefined ? keys : keys.filter((key) => isMeant(key, wanted));
  const [first, ...others] = fitting;
  if (first !== undefined && others.length === 0) return first;
  const name = wanted === undefined ? "" : ` "${wanted}"`;
  if (first === undefined) {
    throw new AppError("E_SIGNATURE_KEY", `${what}: has no key${name}`, {
      hint: "make one with `repo2singularity key newpair`, or bring one with `repo2singularity key import FILE`",
    });
  }
  const list = fitting.map(({ fingerprintHex, userIds }) => `${fingerprintHex} ${userIds[0] ?? ""}`.trim()).join(", ");
  throw new AppError("E_SIGNATURE_KEY", `${what}: several keys fit${name}: ${list}`, {
    hint: "name one by its fingerprint",
  });
}

function isMeant({ fingerprintHex, userIds }: PgpKey, wanted: string): boolean {
  const digits = wanted.replace(/^0x/i, "").replaceAll(" ", "").toLowerCase();
  if (/^[0-9a-f]{8,40}$/.test(digits)) return fingerprintHex.endsWith(digits);
  return userIds.some((id) => id.toLowerCase().includes(wanted.toLowerCase()));
}
