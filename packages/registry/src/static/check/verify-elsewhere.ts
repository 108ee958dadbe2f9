import { createHash } from "node:crypto";
import { isAppError } from "@repo2singularity/base";
import type { Transport } from "@repo2singularity/base/http";
import { networkError, statusError } from "../../http/errors.ts";
import type { RegistryIssue } from "../source/issue.ts";
import type { TagEntry } from "../source/tree.ts";

/**
 * Fetches an image that was built elsewhere and compares it with its `image.yaml`. Memory: one chunk.
 * @returns the issue, or undefined when it is what it should be
 */
export async function verifyElsewhere(
  { folder, image }: TagEntry,
  transport: Transport,
  signal?: AbortSignal,
): Promise<RegistryIssue | undefined> {
  if (image?.url === undefined) return undefined;
  const issue = (message: string): RegistryIssue => ({ file: `${folder}/image.yaml`, line: 1, message });
  try {
    const answer = await transport.ask(image.url, { signal });
    if (answer.statusCode !== 200) throw await statusError(answer);
    const hash = createHash("sha256");
    let sizeBytes = 0;
    // a body without an encoding gives bytes
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > image.size) return issue(`size: ${image.url} is longer than ${image.size} bytes`);
    }
    const digest = `sha256:${hash.digest("hex")}`;
    if (sizeBytes !== image.size) return issue(`size: ${image.url} has ${sizeBytes} bytes, not ${image.size}`);
    return digest === image.digest ? undefined : issue(`digest: ${image.url} has the digest ${digest}`);
  } catch (error) {
    const failure = networkError(error, image.url);
    if (isAppError(failure)) return issue(`url: ${failure.message}`);
    throw error;
  }
}
