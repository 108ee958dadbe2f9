import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, type Digest, sha256Hex } from "@repo2singularity/base";
import type { SourceDocument } from "./documents.ts";

/** Files of a tag's folder that no image is built from. */
const notOfTheRecipe = new Set(["image.yaml", "README.md"]);

/** The digest of a `source.yaml` by what it says, not how it is written. */
export function sourceDigest(source: SourceDocument): Digest {
  return `sha256:${sha256Hex(canonicalJson(source))}`;
}

/**
 * The digest of a definition file and of what lies beside it, which `%files` may copy: names, modes of execution and
 * contents. Memory: the longest file.
 */
export async function definitionDigest(folder: string): Promise<Digest> {
  const hash = createHash("sha256");
  const names = await readdir(folder, { recursive: true });
  for (const name of names.toSorted()) {
    if (notOfTheRecipe.has(name)) continue;
    const path = join(folder, name);
    const stats = await lstat(path);
    if (stats.isDirectory()) continue;
    const content = stats.isSymbolicLink() ? await readlink(path) : await readFile(path);
    const mode = stats.isSymbolicLink() ? "link" : (stats.mode & 0o100) === 0 ? "file" : "program";
    hash.update(`${JSON.stringify(name)} ${mode} ${sha256Hex(content)}\n`);
  }
  return `sha256:${hash.digest("hex")}`;
}
