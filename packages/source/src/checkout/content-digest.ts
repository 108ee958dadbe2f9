import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { canonicalJson, sha256Hex, type Digest } from "@repo2singularity/base";
import { hostPath } from "@repo2singularity/image/tree";
import type { CheckoutFile } from "./list-files.ts";

/**
 * The digest of some files of a checkout; see `Checkout.contentDigest`.
 * Memory: 1 MiB and a line for each file.
 */
export async function contentDigest(
  directory: string,
  files: readonly CheckoutFile[],
  paths: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const lines: string[] = [];
  for (const file of files) {
    if (paths !== undefined && !paths.some((path) => isInside(file.path, path))) continue;
    lines.push(canonicalJson(await describe(directory, file, signal)));
  }
  return `sha256:${sha256Hex(lines.join("\n"))}`;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || folder === "" || folder === "." || path.startsWith(`${folder}/`);
}

async function describe(
  directory: string,
  file: CheckoutFile,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const { path, type, mode, linkTarget } = file;
  if (type !== "file") return { path, type, linkTarget };
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(hostPath(directory, path), { highWaterMark: 2 ** 20, signal })) {
    // a stream without an encoding gives buffers
    hash.update(chunk as Uint8Array);
  }
  return { path, type, mode, content: hash.digest("hex") };
}
