import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import {
  openKeyring,
  parsePgpKeys,
  parsePublicKey,
  type VerifiedSignature,
  verifySifSignatures,
} from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { apptainerFiles } from "../apptainer-files.ts";
import { findKeyServer, type KeyServerFlags } from "../key-servers.ts";
import { checkStructure, type StructureReport } from "./image-verify.ts";

/** Options of `verify`. */
export interface VerifyFlags extends KeyServerFlags {
  /** Files of public keys or certificates in PEM form, for DSSE signatures. */
  readonly key: readonly string[];
  /** Asks no key server. */
  readonly local?: boolean;
  readonly json?: boolean;
}

/** Keys that the administrator of a machine trusts. */
const globalKeys = "/etc/apptainer/global-pgp-public";

/** `verify`: checks the signatures of an image, and reads every byte of it to check its structure. */
export async function verify(image: string, flags: VerifyFlags, io: HostIo): Promise<number> {
  const file = path.resolve(io.cwd, image);
  const publicKeys = await Promise.all(flags.key.map((name) => readPublicKey(name, io)));
  const signatures = await verifySifSignatures(
    file,
    { publicKeys, findPgpKey: async (fingerprint) => findKey(fingerprint, flags, io) },
    { signal: io.signal },
  );
  const structure = await checkStructure(file, io.signal);
  if (flags.json === true) io.stdout.write(`${JSON.stringify({ image, signatures, structure })}\n`);
  else writeReport(image, signatures, structure, io);
  return structure === undefined || structure.problems.length === 0 ? 0 : 1;
}

function writeReport(
  image: string,
  signatures: readonly VerifiedSignature[],
  structure: StructureReport | undefined,
  io: HostIo,
): void {
  for (const { groupId, objectIds, kind, signer, userIds } of signatures) {
    const by = userIds.length === 0 ? signer : `${userIds[0]} (${signer})`;
    io.stdout.write(`${image}: group ${groupId}, objects ${objectIds.join(", ")}: ${kind} signature of ${by}\n`);
  }
  if (structure === undefined) return;
  for (const problem of structure.problems) io.stdout.write(`${image}: ${problem}\n`);
  io.stdout.write(`${image}: ${structure.inodeCount} inodes, ${structure.problems.length} problems\n`);
}

async function readPublicKey(name: string, io: HostIo): Promise<ReturnType<typeof parsePublicKey>> {
  const pem = await readFile(path.resolve(io.cwd, name), "utf8").catch((error: unknown) => {
    throw new AppError("E_USAGE", `${name}: cannot be read`, { cause: error });
  });
  return parsePublicKey(pem, name);
}

/** The keyring of the user, that of the machine, then a key server. */
async function findKey(
  fingerprint: string,
  flags: VerifyFlags,
  io: HostIo,
): Promise<Awaited<ReturnType<typeof parsePgpKeys>>[number] | undefined> {
  const own = await openKeyring(apptainerFiles(io).keys).publicKeys();
  const machine = await readFile(globalKeys).then(
    (bytes) => (bytes.length === 0 ? [] : parsePgpKeys(bytes, globalKeys)),
    () => [], // most machines have none
  );
  const known = [...own, ...machine].find(({ fingerprintHex }) => fingerprintHex === fingerprint);
  if (known !== undefined || flags.local === true) return known;
  await using server = await findKeyServer(flags, io);
  const armored = await server?.client.get(fingerprint);
  if (server === undefined || armored === undefined) return undefined;
  io.stderr.write(`note: key ${fingerprint} is not in the keyring, ${server.url} has it\n`);
  const fetched = await parsePgpKeys(Buffer.from(armored), server.url);
  return fetched.find(({ fingerprintHex }) => fingerprintHex === fingerprint);
}
