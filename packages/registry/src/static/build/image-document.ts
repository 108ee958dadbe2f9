import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { AppError, type Digest } from "@repo2singularity/base";
import { fileSource } from "@repo2singularity/image";
import { stringify } from "yaml";
import { readSifFacts } from "../../server/service/sif-facts.ts";
import { ImageDocument } from "../source/documents.ts";

/** What is said of an image besides what its file says. */
export interface ImageOrigin {
  /** Where everybody gets it; inside the site when left out. */
  readonly url?: string;
  /** Of the recipe that it was built from. */
  readonly recipe?: Digest;
  readonly built?: Date;
}

/** More labels and packages are cut: the site is not their archive. */
const listLimit = 5_000;

/**
 * What `image.yaml` says of an image file: digest, size, processor, labels, packages and who signed it. The file is
 * read once. Memory: 1 MiB, and its small objects.
 * @throws E_IMAGE_FORMAT when it is no SIF
 */
export async function describeImage(path: string, origin: ImageOrigin, signal?: AbortSignal): Promise<ImageDocument> {
  const { sizeBytes, read } = await fileSource(path);
  const facts = await readSifFacts({
    label: path,
    sizeBytes,
    readRange: async (offset, length) => bytesOf(read(offset, Math.min(length, sizeBytes - offset))),
  });
  if (facts === undefined) throw new AppError("E_IMAGE_FORMAT", `${path}: is no SIF`);
  const signedBy = facts.fingerprints.filter((one) => /^[0-9A-F]{40}$/.test(one));
  return ImageDocument.parse({
    digest: `sha256:${await sha256Of(path, signal)}`,
    size: sizeBytes,
    ...(facts.architecture !== "unknown" && { arch: facts.architecture }),
    ...(origin.url !== undefined && { url: origin.url }),
    ...(origin.recipe !== undefined && { recipe: origin.recipe }),
    ...(origin.built !== undefined && { built: `${origin.built.toISOString().slice(0, 19)}Z` }),
    ...(signedBy.length > 0 && { signedBy }),
    ...(Object.keys(facts.labels).length > 0 && { labels: facts.labels }),
    ...(facts.packages.length > 0 && { packages: [...new Set(facts.packages)].slice(0, listLimit) }),
  });
}

/** The text of `image.yaml`. */
export function formatImageDocument(document: ImageDocument): string {
  return `# Written by repo2singularity. Remove this file, or change the recipe, to have the image built again.\n${stringify(document, { lineWidth: 0 })}`;
}

async function sha256Of(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  // a stream without an encoding gives buffers
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal }) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
  }
  return hash.digest("hex");
}

async function bytesOf(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk)); // a chunk lasts until the next one
  return Buffer.concat(chunks);
}
