import { AppError } from "@repo2singularity/base";
import type { SignedFacts } from "./signed-facts.ts";

/**
 * Checks that a SIF is what a signature says: same header, same objects, no more and no fewer.
 * @param signed as the signature has it, checked against its key already
 * @param actual of the file
 * @param what names file and signature in errors
 * @throws E_SIGNATURE_INVALID that says what was changed
 */
export function compareFacts(signed: SignedFacts, actual: SignedFacts, what: string): void {
  if (signed.header.digest !== actual.header.digest)
    throw changed(what, "the header of the file is not the signed one");
  const signedObjects = new Map(signed.objects.map((object) => [object.relativeId, object]));
  for (const object of actual.objects) {
    const number = object.relativeId + 1;
    const expected = signedObjects.get(object.relativeId);
    if (expected === undefined) throw changed(what, `object ${number} of the group is not signed: it was added later`);
    if (expected.descriptorDigest !== object.descriptorDigest) {
      throw changed(what, `the descriptor of object ${number} of the group is not the signed one`);
    }
    if (expected.objectDigest !== object.objectDigest) {
      throw changed(
        what,
        `the data of object ${number} of the group is not the signed one: expected ${expected.objectDigest}, found ${object.objectDigest}`,
      );
    }
    signedObjects.delete(object.relativeId);
  }
  const [missing] = signedObjects.keys();
  if (missing !== undefined) throw changed(what, `object ${missing + 1} of the group is signed, but not there`);
}

function changed(what: string, reason: string): AppError {
  return new AppError("E_SIGNATURE_INVALID", `${what}: ${reason}`, {
    hint: "the image was changed after it was signed: fetch it again from where you trust it",
  });
}
