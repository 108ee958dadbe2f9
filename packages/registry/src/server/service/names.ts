import type { Digest } from "@repo2singularity/base";
import { refuse } from "./refusal.ts";

/** Source: OCI distribution 1.1, "Pulling manifests". */
const repositoryForm = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digestForm = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** A digest of either of the two algorithms that are taken. */
export type BlobDigest = Digest | `sha512:${string}`;

/** @throws name-invalid */
export function checkRepositoryName(name: string): void {
  if (name.length <= 255 && repositoryForm.test(name)) return;
  throw refuse("name-invalid", `"${name}" is no name of a repository: lower-case letters, digits, and . _ - / between`);
}

/** Whether a text can be a tag of the OCI door. */
export function isTag(text: string): boolean {
  return tagForm.test(text);
}

/** @throws manifest-invalid */
export function checkTag(tag: string): void {
  if (!isTag(tag)) throw refuse("manifest-invalid", `"${tag}" is no tag: at most 128 letters, digits and . _ -`);
}

/** @returns undefined when the text is no digest */
export function tryParseDigest(text: string): BlobDigest | undefined {
  return digestForm.test(text) ? (text as BlobDigest) : undefined; // the pattern is the type
}

/** @throws digest-invalid */
export function parseDigest(text: string): BlobDigest {
  const digest = tryParseDigest(text);
  if (digest !== undefined) return digest;
  throw refuse("digest-invalid", `"${text.slice(0, 200)}" is no digest: sha256: and 64 or sha512: and 128 digits`);
}

/** The algorithm of a digest, as node names it. */
export function algorithmOf(digest: BlobDigest): "sha256" | "sha512" {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** Under which name the object store has a blob. */
export function blobObjectName(digest: BlobDigest): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`;
}
