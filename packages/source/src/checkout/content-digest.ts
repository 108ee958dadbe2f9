import { createHash } from "node:crypto";
import { canonicalJson, sha256Hex, type Digest } from "@repo2singularity/base";
import { hostPath, readHostFile } from "@repo2singularity/image/tree";
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
  const asked = paths === undefined ? undefined : new Set(paths);
  for (const file of files) {
    if (asked !== undefined && !isAsked(file.path, asked)) continue;
    lines.push(canonicalJson(await describe(directory, file, signal)));
  }
  return `sha256:${sha256Hex(lines.join("\n"))}`;
}

/** Whether a path or a folder above it is among those asked for. */
function isAsked(path: string, asked: ReadonlySet<string>): boolean {
  if (asked.has("") || asked.has(".")) return true;
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (asked.has(path.slice(0, end))) return true;
  }
  return false;
}

async function describe(
  directory: string,
  file: CheckoutFile,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const { path, type, mode, linkTarget, sizeBytes } = file;
  if (type !== "file") return { path, type, linkTarget };
  const hash = createHash("sha256");
  for await (const chunk of readHostFile(hostPath(directory, path), sizeBytes)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return { path, type, mode, content: hash.digest("hex") };
}
