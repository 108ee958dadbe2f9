import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  addSifObject,
  bytesAccess,
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
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeExtents, encodeExtents } from "./extents-blob.ts";
import { layersManifest, parseLayersManifest } from "./layers-artifact.ts";

const folder = mkdtempSync(join(tmpdir(), "layered-"));
afterAll(() => rmSync(folder, { recursive: true }));

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

async function layer(name: string, entries: readonly TreeEntry[]): Promise<string> {
  const path = join(folder, name);
  await writeSquashfs(
    (async function* () {
      yield* entries;
    })(),
    path,
    { compression: "zstd", blockSizeBytes: 4096, compressorCount: 1 },
  );
  return path;
}

let layers: readonly string[] = [];
let images: readonly SquashfsImage[] = [];
let partition: Composition;
const sif = join(folder, "image.sif");

beforeAll(async () => {
  layers = [
    await layer("base.sqfs", [fileEntry("a", noise(1, 50_000)), fileEntry("b", noise(2, 9_000))]),
    await layer("content.sqfs", [fileEntry("b", noise(3, 20_000)), fileEntry("c", Buffer.from("small"))]),
  ];
  images = await Promise.all(layers.map((path) => openSquashfs(path)));
  partition = await planComposition(images);
  await writeSif(sif, {
    uuid: "00000000-0000-4000-8000-000000000000",
    createdSeconds: 0,
    objects: [
      { kind: { type: "definition" }, content: "Bootstrap: scratch\n" },
      {
        kind: {
          type: "partition",
          partition: { kind: "primary", fileSystem: "squashfs", architecture: "amd64" },
        },
        content: partition,
      },
    ],
  });
  // as signing an image does: something behind the partition
  await addSifObject(sif, { kind: { type: "json" }, name: "later.json", content: "{}" }, { timeSeconds: 0 });
});

afterAll(async () => {
  await partition.close();
  for (const image of images) await image.close();
});

async function decoded(bytes?: Uint8Array): Promise<Composition> {
  await using file = await openSif(sif);
  const extents = bytes ?? (await encodeExtents(await composeSif(file, partition)));
  return await decodeExtents(
    extents,
    layers.map((path) => bytesAccess(readFileSync(path))),
    "extents",
  );
}

test("a SIF is its layers and a list of extents that has little else in it", async () => {
  await using file = await openSif(sif);
  const extents = await encodeExtents(await composeSif(file, partition));
  const composed = await decoded(extents);

  const bytes: Buffer[] = [];
  for await (const chunk of composed.read(0, composed.sizeBytes)) bytes.push(Buffer.from(chunk));

  expect(Buffer.concat(bytes).equals(readFileSync(sif))).toBe(true);
  expect(extents.length).toBeLessThan(3_000);
});

test("any range of it is that of the file", async () => {
  const composed = await decoded();
  const whole = readFileSync(sif);

  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 60_000 }), async (start, length) => {
      const target = Buffer.alloc(Math.min(length, whole.length - start));
      await composed.readInto(target, start);
      expect(target.equals(whole.subarray(start, start + target.length))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("a partition of other layers is refused", async () => {
  await using file = await openSif(sif);
  await using other = await planComposition(images.slice(0, 1));

  await expect(composeSif(file, other)).rejects.toMatchObject({ code: "E_SIF_INVALID" });
});

test("a damaged list of extents ends with one error, and reads nothing outside the layers", async () => {
  await using file = await openSif(sif);
  const extents = await encodeExtents(await composeSif(file, partition));

  await fc.assert(
    fc.asyncProperty(fc.nat(extents.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(extents);
      damaged[at] = (damaged[at] ?? 0) ^ change;
      await expect(decoded(damaged)).rejects.toMatchObject({ code: "E_OCI_INVALID" });
    }),
    { numRuns: 50 },
  );
  await expect(decodeExtents(extents, [], "extents")).rejects.toMatchObject({ code: "E_OCI_INVALID" });
});

test("the manifest of layers says what the layers give, and in which order", () => {
  const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const;
  const artifact = {
    image: { digest: digest("1"), sizeBytes: 1_000 },
    extents: { digest: digest("2"), sizeBytes: 20 },
    layers: [
      { digest: digest("3"), sizeBytes: 900 },
      { digest: digest("4"), sizeBytes: 90 },
    ],
  };
  const subject = { digest: digest("5"), sizeBytes: 400, mediaType: "application/vnd.oci.image.manifest.v1+json" };
  const bytes = layersManifest(artifact, subject);

  expect(parseLayersManifest(bytes, "here")).toEqual(artifact);
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ subject: { digest: digest("5"), size: 400 } });
  expect(() => parseLayersManifest(Buffer.from("{}"), "here")).toThrow(/^here: /);
});
