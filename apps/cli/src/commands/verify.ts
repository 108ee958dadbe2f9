import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { parsePublicKey, type VerifiedSignature, verifySifSignatures } from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { findPgpKey, type KeySearch } from "../find-pgp-key.ts";
import { checkStructure, type StructureReport } from "./image-verify.ts";

/** Options of `verify`. */
export interface VerifyFlags extends KeySearch {
  /** Files of public keys or certificates in PEM form, for DSSE signatures. */
  readonly key: readonly string[];
  readonly json?: boolean;
}

/** `verify`: checks the signatures of an image, and reads every byte of it to check its structure. */
export async function verify(image: string, flags: VerifyFlags, io: HostIo): Promise<number> {
  const file = path.resolve(io.cwd, image);
  const publicKeys = await Promise.all(flags.key.map((name) => readPublicKey(name, io)));
  const note = (line: string): void => void io.stderr.write(`note: ${line}\n`);
  const signatures = await verifySifSignatures(
    file,
    { publicKeys, findPgpKey: (fingerprint) => findPgpKey(fingerprint, flags, io, note) },
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
