import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesAccess, type Composition, composeSif, openSif, planComposition } from "@repo2singularity/image";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { composeExtents, unpackExtents } from "./extents-blob.ts";
import { type LayeredSif, makeLayeredSif } from "./layered-sif.fixture.ts";
import { layersManifest, parseLayersManifest } from "./layers-artifact.ts";

const folder = mkdtempSync(join(tmpdir(), "layered-"));
let sif: LayeredSif;
beforeAll(async () => {
  sif = await makeLayeredSif(folder);
});
afterAll(async () => {
  await sif[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function composed(extents: Uint8Array = sif.extents): Promise<Composition> {
  const layers = sif.layers.map((path) => bytesAccess(readFileSync(path)));
  return composeExtents(await unpackExtents(extents, "extents"), layers, "extents");
}

test("a SIF is its layers and a list of extents that has little else in it", async () => {
  const whole = await composed();

  const bytes: Buffer[] = [];
  for await (const chunk of whole.read(0, whole.sizeBytes)) bytes.push(Buffer.from(chunk));

  expect(Buffer.concat(bytes).equals(readFileSync(sif.path))).toBe(true);
  expect(sif.extents.length).toBeLessThan(3_000);
});

test("any range of it is that of the file", async () => {
  const whole = await composed();
  const file = readFileSync(sif.path);

  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 60_000 }), async (start, length) => {
      const target = Buffer.alloc(Math.min(length, file.length - start));
      await whole.readInto(target, start);
      expect(target.equals(file.subarray(start, start + target.length))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("a partition of other layers is refused", async () => {
  await using file = await openSif(sif.path);
  await using other = await planComposition(sif.images.slice(0, 1));

  await expect(composeSif(file, other)).rejects.toMatchObject({ code: "E_SIF_INVALID" });
});

test("a damaged list of extents ends with one error, and reads nothing outside the layers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(sif.extents.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(sif.extents);
      damaged[at] = (damaged[at] ?? 0) ^ change;
      await expect(composed(damaged)).rejects.toMatchObject({ code: "E_OCI_INVALID" });
    }),
    { numRuns: 50 },
  );
  const unpacked = await unpackExtents(sif.extents, "extents");
  expect(() => composeExtents(unpacked, [], "extents")).toThrow(/^extents: is no list of extents of 0 layers/);
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
  const bytes = Buffer.from(JSON.stringify(layersManifest(artifact, subject)));

  expect(parseLayersManifest(bytes, "here")).toEqual(artifact);
  expect(JSON.parse(bytes.toString())).toMatchObject({ subject: { digest: digest("5"), size: 400 } });
  expect(() => parseLayersManifest(Buffer.from("{}"), "here")).toThrow(/^here: /);
});
