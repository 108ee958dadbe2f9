import { AppError } from "@repo2singularity/base";
import { openFileAccess, type RandomAccess } from "@repo2singularity/image";
import type { ObjectStore } from "@repo2singularity/store/objects";
import { type BlobDigest, blobObjectName } from "../names.ts";

/** What is fetched at once where every read is a request. */
const windowBytes = 4 * 2 ** 20;

/**
 * A stored blob for reads at any position: as a file where it is one, else by requests of 4 MiB each. Nothing is opened
 * before the first read: a range of an image touches one or two of its layers.
 */
export function blobAccess(
  objects: ObjectStore,
  blob: { readonly digest: BlobDigest; readonly sizeBytes: number },
): RandomAccess {
  const name = blobObjectName(blob.digest);
  const path = objects.localPath?.(name);
  return path === undefined ? windowedAccess(objects, name, blob) : fileAccess(path, blob);
}

function fileAccess(
  path: string,
  { digest, sizeBytes }: { readonly digest: BlobDigest; readonly sizeBytes: number },
): RandomAccess {
  let opened: Promise<RandomAccess> | undefined;
  const close = async (): Promise<void> => (await opened)?.close();
  return {
    label: digest,
    sizeBytes,
    readInto: async (target, offset) => (await (opened ??= openFileAccess(path))).readInto(target, offset),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Memory: one window. Reads come one after the other, as those of a composition do. */
function windowedAccess(
  objects: ObjectStore,
  name: string,
  { digest, sizeBytes }: { readonly digest: BlobDigest; readonly sizeBytes: number },
): RandomAccess {
  let window = { start: 0, bytes: new Uint8Array() };
  const load = async (position: number): Promise<void> => {
    const start = position - (position % windowBytes);
    const stream = await objects.read(name, { range: { start, end: Math.min(start + windowBytes, sizeBytes) } });
    if (stream === undefined) throw new AppError("E_OBJECT_NOT_FOUND", `the bytes of ${digest} are not in the store`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk as Uint8Array); // a stream without an encoding gives bytes
    window = { start, bytes: Buffer.concat(chunks) };
  };
  return {
    label: digest,
    sizeBytes,
    async readInto(target, offset) {
      const wanted = Math.max(0, Math.min(target.length, sizeBytes - offset));
      let filled = 0;
      while (filled < wanted) {
        const position = offset + filled;
        const isInside = position >= window.start && position < window.start + window.bytes.length;
        if (!isInside) await load(position);
        const part = window.bytes.subarray(position - window.start, position - window.start + wanted - filled);
        if (part.length === 0) break; // shorter than it was said to be
        target.set(part, filled);
        filled += part.length;
      }
      return filled;
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
