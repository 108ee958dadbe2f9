import type { Digest } from "@repo2singularity/base";
import { headerOf, type HttpAnswer } from "@repo2singularity/base/http";

/**
 * The sha256 of a whole file as the headers of an answer about it promise it.
 * Sources: RFC 9530 (`Repr-Digest`), RFC 3230 (`Digest`), and `X-Checksum-Sha256` of Artifactory and Nexus
 * @returns undefined when no header does
 */
export function promisedDigest(answer: HttpAnswer): Digest | undefined {
  const structured = /(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]+):/i.exec(headerOf(answer, "repr-digest") ?? "")?.[1];
  const old = /(?:^|[,\s])sha-256=([A-Za-z0-9+/=]+)/i.exec(headerOf(answer, "digest") ?? "")?.[1];
  const base64 = structured ?? old;
  const bytes = base64 === undefined ? undefined : Buffer.from(base64, "base64");
  if (bytes?.length === 32) return `sha256:${bytes.toString("hex")}`;
  const hex = headerOf(answer, "x-checksum-sha256");
  return hex === undefined ? undefined : tryParseSha256(hex);
}

/**
 * The sha256 in what `sha256sum` prints, or a file that holds nothing else.
 * @param name of the file that is meant, when there are several lines
 * @returns undefined when there is none
 */
export function tryParseSha256(text: string, name?: string): Digest | undefined {
  const lines = text.trim().split(/\r?\n/);
  const line = lines.find((one) => name !== undefined && one.trimEnd().endsWith(name)) ?? lines[0] ?? "";
  const hex = /^\s*(?:sha256:)?([0-9a-fA-F]{64})(?![0-9a-fA-F])/.exec(line)?.[1];
  return hex === undefined ? undefined : `sha256:${hex.toLowerCase()}`;
}
