import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import {
  armorPgpKey,
  makePgpKey,
  openKeyring,
  parsePgpKeys,
  type PgpKey,
  publicPgpKey,
  selectPgpKey,
} from "@repo2singularity/image";
import { noSuchKey } from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import { type KeyServerFlags, requireKeyServer } from "../key-servers.ts";
import { apptainerFiles } from "../apptainer-files.ts";
import { readNamedFile } from "../named-file.ts";
import { readPassphrase } from "./sign.ts";

/** Options of `key newpair`. */
export interface NewPairFlags {
  readonly name: string;
  readonly email?: string;
  readonly comment?: string;
  /** RSA of so many bits instead of Ed25519. */
  readonly bitLength?: number;
  readonly passphraseFile?: string;
  /** `false` with `--no-passphrase`. */
  readonly passphrase?: boolean;
}

/** `key newpair`: makes a key and puts it into the keyring. */
export async function newPair(flags: NewPairFlags, io: HostIo): Promise<void> {
  const { name, email, comment, bitLength } = flags;
  const passphrase = flags.passphrase === false ? "" : await readPassphrase("the new key", flags, io);
  if (passphrase === "" && flags.passphrase !== false) {
    throw new AppError("E_USAGE", "no passphrase was given for the new key", {
      hint: "add --passphrase-file FILE, or --no-passphrase for a key that anybody who gets the file can use",
    });
  }
  const key = await makePgpKey({
    name,
    ...(email !== undefined && { email }),
    ...(comment !== undefined && { comment }),
    ...(passphrase !== "" && { passphrase }),
    ...(bitLength !== undefined && { rsaBits: bitLength }),
  });
  await keyring(io).add(key);
  io.stdout.write(`${key.fingerprintHex} ${key.userIds[0] ?? ""}\n`);
}

/** `key list`: the keys of the keyring. */
export async function listKeys(
  flags: { readonly secret?: boolean; readonly json?: boolean },
  io: HostIo,
): Promise<void> {
  const keys = flags.secret === true ? await keyring(io).secretKeys() : await keyring(io).publicKeys();
  if (flags.json === true) {
    const plain = keys.map(({ bytes: _bytes, ...facts }) => facts);
    io.stdout.write(`${JSON.stringify(plain)}\n`);
    return;
  }
  for (const { fingerprintHex, algorithm, createdSeconds, userIds } of keys) {
    const day = new Date(createdSeconds * 1000).toISOString().slice(0, 10);
    io.stdout.write(`${fingerprintHex}  ${algorithm}  ${day}  ${userIds.join(", ")}\n`);
  }
}

/** `key import`: puts the keys of a file into the keyring. */
export async function importKeys(file: string, io: HostIo): Promise<void> {
  const bytes = await readNamedFile(file, io);
  await addAll(await parsePgpKeys(bytes, file), io);
}

/** `key export`: writes a key of the keyring to a file. */
export async function exportKey(
  wanted: string,
  file: string,
  flags: { readonly secret?: boolean; readonly force?: boolean },
  io: HostIo,
): Promise<void> {
  const ring = keyring(io);
  const keys = flags.secret === true ? await ring.secretKeys() : await ring.publicKeys();
  const key = selectPgpKey(keys, wanted, apptainerFiles(io).keys);
  const output = path.resolve(io.cwd, file);
  if (existsSync(output) && flags.force !== true) {
    throw new AppError("E_OUTPUT_EXISTS", `${output} is there already`, { hint: "choose another name or add --force" });
  }
  await writeFile(output, await armorPgpKey(key), { mode: flags.secret === true ? 0o600 : 0o644 });
  io.stdout.write(`${file}: ${key.fingerprintHex}\n`);
}

/** `key search`: keys of a key server. */
export async function searchKeys(text: string, flags: KeyServerFlags, io: HostIo): Promise<void> {
  await using server = await requireKeyServer(flags, io);
  for (const { fingerprint, userIds, isUnusable } of await server.client.search(text)) {
    io.stdout.write(`${fingerprint}  ${userIds.join(", ")}${isUnusable ? "  (revoked or expired)" : ""}\n`);
  }
}

/** `key pull`: fetches a key from a key server into the keyring. */
export async function pullKey(fingerprint: string, flags: KeyServerFlags, io: HostIo): Promise<void> {
  const digits = fingerprint.replace(/^0x/i, "").toLowerCase();
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{16})$/.test(digits)) {
    throw new AppError("E_USAGE", `"${fingerprint}" is no fingerprint of 40 hexadecimal digits`, {
      hint: "find it with: repo2singularity key search NAME",
    });
  }
  await using server = await requireKeyServer(flags, io);
  const armored = await server.client.get(digits);
  if (armored === undefined) throw noSuchKey(digits, server.url);
  const keys = await parsePgpKeys(Buffer.from(armored), server.url);
  // whatever else the server sends is not what was asked for
  const meant = keys.filter(({ fingerprintHex }) => fingerprintHex.endsWith(digits));
  if (meant.length === 0) throw noSuchKey(digits, server.url);
  await addAll(await Promise.all(meant.map((key) => publicPgpKey(key))), io);
}

/** `key push`: gives a public key of the keyring to a key server. */
export async function pushKey(wanted: string, flags: KeyServerFlags, io: HostIo): Promise<void> {
  const key = selectPgpKey(await keyring(io).publicKeys(), wanted, apptainerFiles(io).keys);
  await using server = await requireKeyServer(flags, io);
  await server.client.add(await armorPgpKey(key));
  io.stdout.write(`${server.url}: ${key.fingerprintHex}\n`);
}

function keyring(io: HostIo): ReturnType<typeof openKeyring> {
  return openKeyring(apptainerFiles(io).keys);
}

async function addAll(keys: readonly PgpKey[], io: HostIo): Promise<void> {
  for (const key of keys) {
    await keyring(io).add(key);
    io.stdout.write(`${key.fingerprintHex} ${key.userIds[0] ?? ""}${key.isSecret ? " (secret)" : ""}\n`);
  }
}
