import { createHash } from "node:crypto";
import { AppError, type Digest } from "@repo2singularity/base";

/** What content must be. */
export interface Expected {
  /** Named in errors, such as the blob's address. */
  readonly what: string;
  readonly digest: Digest | undefined;
  /** Bytes; not checked when `undefined`. */
  readonly sizeBytes: number | undefined;
}

/**
 * Passes a stream on and checks its size and sha256: too much ends it at once, the rest is checked at its end.
 * A caller that stops early gets no check.
 * Memory: none beyond the chunk in hand.
 * @throws E_OCI_DIGEST_MISMATCH
 */
export async function* verifyStream(
  source: AsyncIterable<Uint8Array>,
  expected: Expected,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { what, digest, sizeBytes } = expected;
  const hash = digest === undefined ? undefined : createHash("sha256");
  let seenBytes = 0;
  for await (const chunk of source) {
    seenBytes += chunk.length;
    if (sizeBytes !== undefined && seenBytes > sizeBytes) {
      throw mismatch(what, `${sizeBytes} bytes`, `at least ${seenBytes}`);
    }
    hash?.update(chunk);
    yield chunk;
  }
  if (sizeBytes !== undefined && seenBytes !== sizeBytes) throw mismatch(what, `${sizeBytes} bytes`, `${seenBytes}`);
  const found = hash === undefined ? undefined : `sha256:${hash.digest("hex")}`;
  if (found !== undefined && found !== digest) throw mismatch(what, digest ?? "", found);
}

/**
 * Reads a small stream whole, checked as by {@link verifyStream}.
 * @param limitBytes more is refused
 * @throws E_LIMIT_EXCEEDED when there is more than the limit
 */
export async function readVerified(
  source: AsyncIterable<Uint8Array>,
  expected: Expected & { readonly limitBytes: number },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let seenBytes = 0;
  for await (const chunk of verifyStream(source, expected)) {
    seenBytes += chunk.length;
    if (seenBytes > expected.limitBytes) {
      throw new AppError("E_LIMIT_EXCEEDED", `${expected.what}: has more than ${expected.limitBytes} bytes`);
    }
    parts.push(Uint8Array.from(chunk)); // the source may reuse its memory
  }
  return Buffer.concat(parts);
}

function mismatch(what: string, expected: string, found: string): AppError {
  return new AppError("E_OCI_DIGEST_MISMATCH", `${what}: expected ${expected}, found ${found}`, {
    hint: "fetch it again; if it happens twice, the registry or archive is damaged",
  });
}
