import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Digest, sha256Hex } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";
import * as z from "zod";
import { textContent } from "../../remote/objects/image-object.ts";
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
  /**
   * Fetches an image that is not there into that folder, from where the site was published before: another machine may
   * have built it. Nothing is fetched when left out.
   * @param path in the site
   * @throws anything when it cannot be had
   */
  readonly fetchImage?: (path: string, digest: Digest, file: string) => Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Nothing of a site may be seen before what it points to: images come first, then what programs read, then pages. How
 * many at once: images are long, and each takes memory; texts are short, and object storage answers late.
 */
const orders: ReadonlyArray<readonly [(file: SiteFile) => boolean, number]> = [
  [({ content }) => content.kind === "image", 1],
  [(file) => file.content.kind === "text" && !isPage(file), 8],
  [(file) => file.content.kind === "text" && isPage(file), 8],
];

function isPage({ contentType }: SiteFile): boolean {
  return contentType.startsWith("text/html");
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
  const files = Object.fromEntries(site.map((file) => [file.path, digestOf(file)]));
  let writtenCount = 0;
  for (const [isOfOrder, concurrency] of orders) {
    await forEachOf(site.filter(isOfOrder), concurrency, async (file) => {
      signal?.throwIfAborted();
      const isSame = before[file.path] === files[file.path];
      if (isSame && (await store.stat(file.path, { signal })) !== undefined) return;
      await writeFile(file, store, options);
      writtenCount += 1;
    });
  }
  const gone = Object.keys(before).filter((path) => !(path in files));
  await store.write(stateFile, textContent(`${JSON.stringify({ files }, undefined, 1)}\n`), {
    contentType: "application/json",
    signal,
  });
  for (const path of gone) await store.remove(path, { signal });
  return { writtenCount, keptCount: site.length - writtenCount, removedCount: gone.length };
}

function digestOf({ content }: SiteFile): string {
  return content.kind === "image" ? content.digest : `sha256:${sha256Hex(content.text)}`;
}

/** Calls something for each of a list, some at a time; the first failure ends it when those under way have ended. */
async function forEachOf<Item>(
  items: readonly Item[],
  concurrency: number,
  call: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values(); // shared: each worker takes the next one
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (const item of left) {
      if (hasFailed) return;
      await call(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: concurrency }, work));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
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

async function writeFile(file: SiteFile, store: ObjectStore, options: PublishOptions): Promise<void> {
  const { path, contentType, content } = file;
  const { imagesFolder, signal } = options;
  if (content.kind === "text") {
    await store.write(path, textContent(content.text), { contentType, signal });
    return;
  }
  const source = join(imagesFolder, `${content.digest.slice("sha256:".length)}.sif`);
  if ((await stat(source).catch(() => undefined)) === undefined)
    await fetchImage(path, content.digest, source, options);
  await store.write(path, checkedContent(source, content.digest), {
    sizeBytes: content.sizeBytes,
    contentType,
    signal,
  });
}

/** @throws E_OBJECT_NOT_FOUND when an image cannot be had */
async function fetchImage(path: string, digest: Digest, file: string, options: PublishOptions): Promise<void> {
  let cause: unknown;
  if (options.fetchImage !== undefined) {
    try {
      await options.fetchImage(path, digest, file);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      cause = error;
    }
  }
  throw new AppError("E_OBJECT_NOT_FOUND", `${path}: its image ${digest} is neither here nor published`, {
    hint: "build it again with `repo2singularity registry build --force`, or set `storage` in registry.yaml",
    cause,
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
