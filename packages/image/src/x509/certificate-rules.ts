import type { X509Certificate } from "node:crypto";
import { type DerValue, readDer, readOid } from "./der.ts";

/** What a certificate says of its own use, where `X509Certificate` does not tell. */
export interface CertificateRules {
  /** How many authorities may stand between it and the last certificate; undefined for any number. */
  readonly pathLength: number | undefined;
  /** Whether its key may sign certificates. */
  readonly maySignCertificates: boolean;
  /** Object identifiers of extensions that must be understood and are not, here. */
  readonly notUnderstood: readonly string[];
}

interface Extension {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

const basicConstraints = "2.5.29.19";
const keyUsage = "2.5.29.15";
const nameConstraints = "2.5.29.30";
/** Key identifiers, alternative names, policies, purposes: they forbid nothing that is not looked at elsewhere. */
const understood: ReadonlySet<string> = new Set([
  basicConstraints,
  keyUsage,
  "2.5.29.14",
  "2.5.29.17",
  "2.5.29.32",
  "2.5.29.35",
  "2.5.29.37",
]);
const tags = { boolean: 0x01, integer: 0x02, octetString: 0x04, extensions: 0xa3 } as const;
/** Bit 5 of the usage, counted from the highest. */
const certificateSigning = 0x04;

/**
 * Reads the extensions of a certificate.
 * Source: RFC 5280, sections 4.1 and 4.2.1
 * @throws E_SIGNATURE_KEY when it is no DER
 */
export function readCertificateRules(certificate: X509Certificate): CertificateRules {
  const extensions = readExtensions(certificate);
  const valueOf = (oid: string): Uint8Array | undefined => extensions.find((one) => one.oid === oid)?.value;
  const limits = firstSequence(valueOf(basicConstraints));
  const pathLength = limits.find(({ tag }) => tag === tags.integer)?.content;
  const usage = valueOf(keyUsage);
  const usageBits = usage === undefined ? undefined : (readDer(usage)[0]?.content[1] ?? 0);
  return {
    pathLength: pathLength?.reduce((sum, octet) => sum * 256 + octet, 0),
    maySignCertificates: usageBits === undefined || (usageBits & certificateSigning) !== 0,
    notUnderstood: extensions
      .filter(({ oid, isCritical }) => oid === nameConstraints || (isCritical && !understood.has(oid)))
      .map(({ oid }) => oid),
  };
}

function readExtensions({ raw }: X509Certificate): readonly Extension[] {
  const [signed] = firstSequence(raw);
  const parts = signed === undefined ? [] : readDer(signed.content);
  const list = parts.find(({ tag }) => tag === tags.extensions);
  return firstSequence(list?.content).map(({ content }) => {
    const [oid, ...others] = readDer(content);
    return {
      oid: readOid(oid?.content ?? new Uint8Array()),
      isCritical: others.some((one) => one.tag === tags.boolean && one.content[0] !== 0),
      value: others.find(({ tag }) => tag === tags.octetString)?.content ?? new Uint8Array(),
    };
  });
}

/** What the SEQUENCE holds that some bytes are. */
function firstSequence(bytes: Uint8Array | undefined): readonly DerValue[] {
  const [sequence] = bytes === undefined ? [] : readDer(bytes);
  return sequence === undefined ? [] : readDer(sequence.content);
}
