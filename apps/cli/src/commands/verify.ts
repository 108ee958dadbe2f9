import path from "node:path";
import { AppError } from "@repo2singularity/base";
import {
  parseCertificates,
  parsePublicKey,
  type VerifiedSignature,
  verifyCertificate,
  verifySifSignatures,
} from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { findPgpKey, type KeySearch } from "../find-pgp-key.ts";
import { readNamedText } from "../named-file.ts";
import { checkStructure, type StructureReport } from "./image-verify.ts";

/** Options of `verify`. */
export interface VerifyFlags extends KeySearch {
  /** Files of public keys or certificates in PEM form, for DSSE signatures. */
  readonly key: readonly string[];
  /** File of the signer's certificate in PEM form, whose chain is checked. */
  readonly certificate?: string;
  /** Files of authorities between it and a root. */
  readonly certificateIntermediates: readonly string[];
  /** Files of trusted authorities; those of the machine when left out. */
  readonly certificateRoots: readonly string[];
  readonly json?: boolean;
}

/** `verify`: checks the signatures of an image, and reads every byte of it to check its structure. */
export async function verify(image: string, flags: VerifyFlags, io: HostIo): Promise<number> {
  const file = path.resolve(io.cwd, image);
  const certified = await readCertified(flags, io);
  const given = await Promise.all(flags.key.map((name) => readPublicKey(name, io)));
  const publicKeys = certified === undefined ? given : [certified.publicKey];
  const note = (line: string): void => void io.stderr.write(`note: ${line}\n`);
  const signatures = await verifySifSignatures(
    file,
    { publicKeys, findPgpKey: (fingerprint) => findPgpKey(fingerprint, flags, io, note) },
    { signal: io.signal },
  );
  const structure = await checkStructure(file, io.signal);
  if (flags.json === true) {
    const certificates = certified?.chain;
    io.stdout.write(`${JSON.stringify({ image, signatures, certificates, structure })}\n`);
  } else {
    if (certified !== undefined) io.stdout.write(`${image}: certificate ${certified.chain.join(", by ")}\n`);
    writeReport(image, signatures, structure, io);
  }
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

/** A key whose owner is certified. */
interface Certified {
  readonly publicKey: ReturnType<typeof parsePublicKey>;
  /** Owners, from that of the key to that of the root. */
  readonly chain: readonly string[];
}

/** @throws E_SIGNATURE_KEY when no chain of valid certificates leads to a trusted one */
async function readCertified(flags: VerifyFlags, io: HostIo): Promise<Certified | undefined> {
  const { certificate: name, certificateIntermediates, certificateRoots, key } = flags;
  if (name === undefined) {
    if (certificateIntermediates.length + certificateRoots.length === 0) return undefined;
    throw new AppError("E_USAGE", "there are authorities, but no certificate to check", { hint: "add --certificate" });
  }
  if (key.length > 0) throw new AppError("E_USAGE", "--key and --certificate do not go together");
  const [certificate, ...others] = await readCertificates([name], io);
  if (certificate === undefined || others.length > 0) {
    throw new AppError("E_USAGE", `${name}: holds ${others.length + 1} certificates, expected the signer's alone`, {
      hint: "give the others with --certificate-intermediates",
    });
  }
  const intermediates = await readCertificates(certificateIntermediates, io);
  const roots = certificateRoots.length > 0 ? await readCertificates(certificateRoots, io) : await machineRoots();
  const chain = verifyCertificate(certificate, { intermediates, roots, nowMs: Date.now() }, name);
  return {
    publicKey: parsePublicKey(certificate.publicKey.export({ format: "pem", type: "spki" }).toString(), name),
    chain: chain.map(({ subject }) => (subject ?? "").replaceAll("\n", "/")),
  };
}

async function readCertificates(names: readonly string[], io: HostIo): Promise<ReturnType<typeof parseCertificates>> {
  const lists = await Promise.all(names.map(async (name) => parseCertificates(await readNamedText(name, io), name)));
  return lists.flat();
}

/** The authorities that this machine trusts for everything. */
async function machineRoots(): Promise<ReturnType<typeof parseCertificates>> {
  const { getCACertificates } = await import("node:tls"); // only this needs it
  return getCACertificates("system").flatMap((pem) => parseCertificates(pem, "an authority of this machine"));
}

async function readPublicKey(name: string, io: HostIo): Promise<ReturnType<typeof parsePublicKey>> {
  return parsePublicKey(await readNamedText(name, io), name);
}
