import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Digest, sha256Hex } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";
import * as z from "zod";
import { textContent } from "../../objects/image-object.ts";
import type { SiteFile } from "../site/site-file.ts";

/** The file in which a site remembers what was published, so that the next time only what changed is written. */
const stateFile = "published.json";

const PublishedState = z.object({ files: z.record(z.string(), z.string()) });

/** What publishing did. */
export interface PublishReport {
  readonly writtenCount: number;
  readonly keptCount: number;
  readonly removedCount: number;
}

/** How a site is published. */
export interface PublishOptions {
  /** Folder of the images that were built here, each as `HEX.sif`. */
  readonly imagesFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Whether nothing of a site may be seen before what it points to: images, then what programs read, then pages. */
function order({ path, content }: SiteFile): number {
  if (content.kind === "image") return 0;
  return path.endsWith(".html") && !path.includes("/manifests/") ? 2 : 1;
}

/**
 * Brings a site to where it is served from. Files that are there already are not written again, and those that an
 * earlier publication wrote and this one does not have are removed; files of others stay.
 * @throws E_OBJECT_NOT_FOUND for an image that is neither here nor there; E_OCI_DIGEST_MISMATCH for one whose bytes are
 * others than its `image.yaml` says; what the store throws
 */
export async function publishSite(
  site: readonly SiteFile[],
  store: ObjectStore,
  options: PublishOptions,
): Promise<PublishReport> {
  const { signal } = options;
  const before = await readState(store, signal);
  const files: Record<string, string> = {};
  let writtenCount = 0;
  for (const file of site.toSorted((a, b) => order(a) - order(b))) {
    signal?.throwIfAborted();
    const digest = file.content.kind === "image" ? file.content.digest : `sha256:${sha256Hex(file.content.text)}`;
    files[file.path] = digest;
    if (before[file.path] === digest && (await store.stat(file.path, { signal })) !== undefined) continue;
    await writeFile(file, store, options);
    writtenCount += 1;
  }
  const gone = Object.keys(before).filter((path) => !(path in files));
  await store.write(stateFile, textContent(`${JSON.stringify({ files }, undefined, 1)}\n`), {
    contentType: "application/json",
    signal,
  });
  for (const path of gone) await store.remove(path, { signal });
  return { writtenCount, keptCount: site.length - writtenCount, removedCount: gone.length };
}

async function readState(
  store: ObjectStore,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, string>>> {
  const content = await store.read(stateFile, { signal });
  if (content === undefined) return {};
  // a stream without an encoding gives buffers
  const text = Buffer.concat((await content.toArray()) as Uint8Array[]).toString();
  try {
    return PublishedState.parse(JSON.parse(text)).files;
  } catch {
    return {}; // not ours, or of another version: everything is written
  }
}

async function writeFile(file: SiteFile, store: ObjectStore, { imagesFolder, signal }: PublishOptions): Promise<void> {
  const { path, contentType, content } = file;
  if (content.kind === "text") {
    await store.write(path, textContent(content.text), { contentType, signal });
    return;
  }
  const source = join(imagesFolder, `${content.digest.slice("sha256:".length)}.sif`);
  if ((await stat(source).catch(() => undefined)) === undefined) {
    throw new AppError("E_OBJECT_NOT_FOUND", `${path}: its image ${content.digest} is neither here nor published`, {
      hint: "build it again with `repo2singularity registry build --force`, or set `storage` in registry.yaml",
    });
  }
  await store.write(path, checkedContent(source, content.digest), {
    sizeBytes: content.sizeBytes,
    contentType,
    signal,
  });
}

/** The bytes of a file, and an error at its end when they are not those of the digest: then nothing is written. */
async function* checkedContent(path: string, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  // a stream without an encoding gives buffers
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `sha256:${hash.digest("hex")}`;
  if (found === digest) return;
  throw new AppError("E_OCI_DIGEST_MISMATCH", `${path}: has the digest ${found}, expected ${digest}`, {
    hint: "build the image again",
  });
}
