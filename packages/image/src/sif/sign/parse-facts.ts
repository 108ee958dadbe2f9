import { AppError, type Digest } from "@repo2singularity/base";
import type { SignedFacts, SignedObject } from "./signed-facts.ts";

/** The signed text of facts: JSON with the keys in the order in which apptainer writes them. */
export function formatFacts({ version, header, objects }: SignedFacts): string {
  const ordered = objects.map(({ relativeId, descriptorDigest, objectDigest }) => ({
    relativeId,
    descriptorDigest,
    objectDigest,
  }));
  return JSON.stringify({ version, header: { digest: header.digest }, objects: ordered });
}

/**
 * Parses a signed text.
 * @param what names file and signature in errors
 * @throws E_SIGNATURE_INVALID when it is of a form that is not known
 */
export function parseFacts(text: string, what: string): SignedFacts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unknownForm(what, error);
  }
  if (!isRecord(value) || value["version"] !== 1) throw unknownForm(what);
  const { header, objects } = value;
  const headerDigest = isRecord(header) ? tryParseDigest(header["digest"]) : undefined;
  const parsed = Array.isArray(objects) ? objects.map((object: unknown) => tryParseObject(object)) : [];
  const known = parsed.filter((object) => object !== undefined);
  if (headerDigest === undefined || known.length === 0 || known.length < parsed.length) throw unknownForm(what);
  return { version: 1, header: { digest: headerDigest }, objects: known };
}

function tryParseObject(value: unknown): SignedObject | undefined {
  if (!isRecord(value)) return undefined;
  const relativeId = value["relativeId"];
  const descriptorDigest = tryParseDigest(value["descriptorDigest"]);
  const objectDigest = tryParseDigest(value["objectDigest"]);
  const isId = typeof relativeId === "number" && Number.isSafeInteger(relativeId) && relativeId >= 0;
  if (!isId || descriptorDigest === undefined || objectDigest === undefined) return undefined;
  return { relativeId, descriptorDigest, objectDigest };
}

/** Only sha256: apptainer writes no other hash, and an unknown one must not pass. */
function tryParseDigest(value: unknown): Digest | undefined {
  if (typeof value !== "string" || !/^sha256:[0-9a-f]{64}$/.test(value)) return undefined;
  return value as Digest; // has its form
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownForm(what: string, cause?: unknown): AppError {
  return new AppError("E_SIGNATURE_INVALID", `${what}: the signed text is not of the form that SIF signatures have`, {
    hint: "signatures from before Singularity 3.6 do not cover the whole image: sign it again",
    ...(cause !== undefined && { cause }),
  });
}
