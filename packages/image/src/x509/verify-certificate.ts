import { X509Certificate } from "node:crypto";
import { AppError } from "@repo2singularity/base";
import { type CertificateRules, readCertificateRules } from "./certificate-rules.ts";

/** Whom a certificate is checked against. */
export interface CertificateTrust {
  readonly intermediates: readonly X509Certificate[];
  /** Trusted without further proof. */
  readonly roots: readonly X509Certificate[];
  /** In milliseconds since 1970: all certificates must be valid then. */
  readonly nowMs: number;
}

/** Purposes: any, and the signing of programs, which apptainer wants too. Source: RFC 5280, section 4.2.1.12 */
const fitPurposes: ReadonlySet<string> = new Set(["2.5.29.37.0", "1.3.6.1.5.5.7.3.3"]);
/** More than any chain, so that many equal certificates do not take long. */
const longestChain = 10;
const mostChecks = 100;

/**
 * The certificates of a PEM text, in their order.
 * @param what names it in errors, such as its file
 * @throws E_SIGNATURE_KEY when there is none, or one is damaged
 */
export function parseCertificates(pem: string, what: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new AppError("E_SIGNATURE_KEY", `${what}: holds a certificate that cannot be read`, { cause: error });
  }
  throw new AppError("E_SIGNATURE_KEY", `${what}: holds no certificate in PEM form`);
}

/**
 * Finds a chain from a certificate to a root: every one of it valid now, signed by the next, which is an authority that
 * may sign this one, and all fit for the signing of programs. Revocation is not asked.
 * Source: RFC 5280, section 6.1; the rules for purposes are those of Go's crypto/x509, which apptainer uses
 * @returns the certificates, the root last
 * @throws E_SIGNATURE_KEY with the reason
 */
export function verifyCertificate(
  certificate: X509Certificate,
  trust: CertificateTrust,
  what: string,
): readonly X509Certificate[] {
  const search: Search = { trust, restChecks: mostChecks, reasons: [] };
  const chain = findChain([certificate], search);
  if (chain !== undefined) return chain;
  const [reason = "no chain of certificates leads from it to a trusted root"] = search.reasons;
  throw new AppError("E_SIGNATURE_KEY", `${what}: ${nameOf(certificate)}: ${reason}`, {
    hint: "give the authorities between it and the root with --certificate-intermediates, the root with --certificate-roots",
  });
}

interface Search {
  readonly trust: CertificateTrust;
  restChecks: number;
  /** Why chains were given up, the first one first. */
  readonly reasons: string[];
}

function findChain(chain: readonly X509Certificate[], search: Search): readonly X509Certificate[] | undefined {
  const { trust } = search;
  const last = chain.at(-1);
  if (last === undefined || chain.length > longestChain) return undefined;
  const reason = problemOf(last, chain.length - 1, trust.nowMs);
  if (reason !== undefined) {
    search.reasons.push(chain.length === 1 ? reason : `${nameOf(last)}: ${reason}`);
    return undefined;
  }
  if (trust.roots.some((root) => isSame(root, last))) return chain;
  for (const issuer of [...trust.roots, ...trust.intermediates]) {
    if (chain.some((one) => isSame(one, issuer)) || !last.checkIssued(issuer)) continue;
    search.restChecks -= 1;
    if (search.restChecks < 0 || !last.verify(issuer.publicKey)) continue;
    const found = findChain([...chain, issuer], search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Why a certificate cannot stand in a chain.
 * @param place 0 for the one that is checked, from 1 for authorities: one less of them stands before it
 */
function problemOf(certificate: X509Certificate, place: number, nowMs: number): string | undefined {
  const { validFromDate, validToDate, keyUsage: purposes, ca } = certificate;
  if (nowMs < validFromDate.getTime()) return `is valid from ${validFromDate.toISOString()} only`;
  if (nowMs > validToDate.getTime()) return `was valid until ${validToDate.toISOString()}`;
  if (purposes !== undefined && !purposes.some((one) => fitPurposes.has(one)))
    return "is not for the signing of programs";
  const rules: CertificateRules = readCertificateRules(certificate);
  if (rules.notUnderstood.length > 0) return `has rules that are not known here: ${rules.notUnderstood.join(", ")}`;
  if (place === 0) return undefined;
  if (!ca || !rules.maySignCertificates) return "is no authority that may sign certificates";
  if (rules.pathLength !== undefined && place - 1 > rules.pathLength)
    return "signs for authorities further down than it may";
  return undefined;
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

/** The owner in one line. */
function nameOf({ subject }: X509Certificate): string {
  return subject === undefined ? "a certificate without a name" : subject.replaceAll("\n", ", ");
}
