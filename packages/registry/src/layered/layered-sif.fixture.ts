import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  addSifObject,
  type Composition,
  composeSif,
  openSif,
  openSquashfs,
  planComposition,
  type SquashfsImage,
  type TreeEntry,
  writeSif,
  writeSquashfs,
} from "@repo2singularity/image";
import { encodeExtents } from "./extents-blob.ts";

/** A small SIF with the layers that it was composed from. */
export interface LayeredSif extends AsyncDisposable {
  readonly path: string;
  /** Squashfs files, bottom first. */
  readonly layers: readonly string[];
  readonly images: readonly SquashfsImage[];
  /** Of the SIF's partition. */
  readonly partition: Composition;
  /** As a registry keeps it. */
  readonly extents: Uint8Array;
}

/** Makes one; what is told of its content is in no other layer. */
export async function makeLayeredSif(folder: string, content: string = "small"): Promise<LayeredSif> {
  const layers = [
    await makeLayer(join(folder, "base.sqfs"), [fileEntry("a", noise(1, 50_000)), fileEntry("b", noise(2, 9_000))]),
    await makeLayer(join(folder, `${content}.sqfs`), [
      fileEntry("b", noise(3, 20_000)),
      fileEntry("c", Buffer.from(content)),
    ]),
  ];
  const images = await Promise.all(layers.map((path) => openSquashfs(path)));
  const partition = await planComposition(images);
  const path = join(folder, `${content}.sif`);
  await writeSif(path, {
    uuid: "00000000-0000-4000-8000-000000000000",
    createdSeconds: 0,
    objects: [
      { kind: { type: "definition" }, content: "Bootstrap: scratch\n" },
      {
        kind: { type: "partition", partition: { kind: "primary", fileSystem: "squashfs", architecture: "amd64" } },
        content: partition,
      },
    ],
  });
  // as signing an image does: something behind the partition
  await addSifObject(path, { kind: { type: "json" }, name: "later.json", content: "{}" }, { timeSeconds: 0 });
  await using sif = await openSif(path);
  const extents = await encodeExtents(await composeSif(sif, partition));
  const close = async (): Promise<void> => {
    await partition.close();
    for (const image of images) await image.close();
  };
  return { path, layers, images, partition, extents, [Symbol.asyncDispose]: close };
}

/** Noise, so that it is kept as extents of its own. */
function noise(seed: number, sizeBytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(sizeBytes / 32) }, (_, index) =>
    createHash("sha256").update(`${seed} ${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

function fileEntry(path: string, bytes: Buffer): TreeEntry {
  const common = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: bytes.length };
  return {
    path,
    type: "file",
    ...common,
    content: {
      stream: async function* () {
        yield bytes;
      },
    },
  };
}

async function makeLayer(path: string, entries: readonly TreeEntry[]): Promise<string> {
  await writeSquashfs(
    (async function* () {
      yield* entries;
    })(),
    path,
    { compression: "zstd", blockSizeBytes: 4096, compressorCount: 1 },
  );
  return path;
}
