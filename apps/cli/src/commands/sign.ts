import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import {
  openKeyring,
  parsePgpKeys,
  parsePrivateKey,
  type PgpKey,
  selectPgpKey,
  type SifSigner,
  signSif,
} from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { apptainerFiles } from "../apptainer-files.ts";
import { readNamedText } from "../named-file.ts";
import { readSecretLine } from "../secret-line.ts";

/** Options of `sign`. */
export interface SignFlags {
  /** File of a private key in PEM form: a DSSE signature. */
  readonly key?: string;
  /** File of a secret OpenPGP key, or the end of the fingerprint, or the name, of one in the keyring. */
  readonly pgp?: string;
  /** Its first line unlocks the key. */
  readonly passphraseFile?: string;
}

/** `sign`: adds a signature to every object group of an image. */
export async function sign(image: string, flags: SignFlags, io: HostIo): Promise<void> {
  if (flags.key !== undefined && flags.pgp !== undefined) {
    throw new AppError("E_USAGE", "--key and --pgp do not go together: an image has signatures of one kind", {
      hint: "leave out one of them",
    });
  }
  const file = path.resolve(io.cwd, image);
  const signer = flags.key === undefined ? await pgpSigner(flags, io) : await pemSigner(flags.key, flags, io);
  const added = await signSif(file, signer, { timeSeconds: Math.floor(Date.now() / 1000), signal: io.signal });
  const by = signer.kind === "pgp" ? `${signer.key.userIds[0] ?? ""} ${signer.key.fingerprintHex}`.trim() : flags.key;
  io.stdout.write(`${image}: signed by ${by}: ${added.length} ${added.length === 1 ? "group" : "groups"}\n`);
}

async function pemSigner(name: string, flags: SignFlags, io: HostIo): Promise<SifSigner> {
  const pem = await readNamedText(name, io);
  const isEncrypted = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem);
  const passphrase = isEncrypted ? await readPassphrase(name, flags, io) : undefined;
  return { kind: "dsse", privateKey: parsePrivateKey(pem, name, passphrase) };
}

async function pgpSigner(flags: SignFlags, io: HostIo): Promise<SifSigner> {
  const key = await findSecretKey(flags.pgp, io);
  if (!key.isLocked) return { kind: "pgp", key };
  return { kind: "pgp", key, passphrase: await readPassphrase(`key ${key.fingerprintHex}`, flags, io) };
}

async function findSecretKey(wanted: string | undefined, io: HostIo): Promise<PgpKey> {
  const file = wanted === undefined ? undefined : path.resolve(io.cwd, wanted);
  if (file !== undefined && existsSync(file)) {
    const keys = await parsePgpKeys(await readFile(file), wanted ?? "");
    return selectPgpKey(keys, undefined, wanted ?? "");
  }
  const { keys: folder } = apptainerFiles(io);
  return selectPgpKey(await openKeyring(folder).secretKeys(), wanted, folder);
}

/** The passphrase of a locked key, from the file of `--passphrase-file` or from standard input. */
export async function readPassphrase(
  what: string,
  { passphraseFile }: Pick<SignFlags, "passphraseFile">,
  io: HostIo,
): Promise<string> {
  if (passphraseFile === undefined) return readSecretLine(io, `passphrase of ${what}: `);
  const text = await readNamedText(passphraseFile, io);
  return text.split(/\r?\n/)[0] ?? "";
}
