import { readFile } from "node:fs/promises";
import { openKeyring, parsePgpKeys, type PgpKey } from "@repo2singularity/image";
import { apptainerFiles } from "./apptainer-files.ts";
import type { HostIo } from "./host-io.ts";
import { findKeyServer, type KeyServerFlags } from "./key-servers.ts";

/** Keys that the administrator of a machine trusts. */
const globalKeys = "/etc/apptainer/global-pgp-public";

/** Where keys are looked for besides keyrings. */
export interface KeySearch extends KeyServerFlags {
  /** Asks no key server. */
  readonly local?: boolean;
}

/**
 * The public key of a signer: from the keyring of the user, that of the machine, then a key server.
 * @param fingerprint 40 hexadecimal digits, lower case
 * @param note told in one line when a key server had it
 * @returns `undefined` when nobody has it
 */
export async function findPgpKey(
  fingerprint: string,
  search: KeySearch,
  io: HostIo,
  note: (line: string) => void,
): Promise<PgpKey | undefined> {
  const own = await openKeyring(apptainerFiles(io).keys).publicKeys();
  const machine = await readFile(globalKeys).then(
    (bytes) => (bytes.length === 0 ? [] : parsePgpKeys(bytes, globalKeys)),
    () => [], // most machines have none
  );
  const known = [...own, ...machine].find(({ fingerprintHex }) => fingerprintHex === fingerprint);
  if (known !== undefined || search.local === true) return known;
  await using server = await findKeyServer(search, io);
  const armored = await server?.client.get(fingerprint);
  if (server === undefined || armored === undefined) return undefined;
  note(`key ${fingerprint} is not in the keyring, ${server.url} has it`);
  const fetched = await parsePgpKeys(Buffer.from(armored), server.url);
  return fetched.find(({ fingerprintHex }) => fingerprintHex === fingerprint);
}
