import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { walkDirectory } from "../../tree/walk-directory.ts";
import { openSquashfs, openSquashfsFrom, type SquashfsImage } from "../squashfs-image.ts";
import { hasKernelOverlay, kernelLines } from "../test-support/kernel-overlay.ts";
import {
  entryLines,
  layerEntries,
  layerStack,
  modelLines,
  type LayerDirectory,
  type OverlayForm,
} from "../test-support/layer-stacks.ts";
import { has, makeSampleTree, sampleBytes, temporaryFolder } from "../test-support/sample-tree.ts";
import { packSquashfs, type WriteSquashfsOptions } from "../write-squashfs.ts";
import type { Composition } from "./composition.ts";
import { planComposition } from "./plan-composition.ts";
import { writeComposition } from "./write-composition.ts";

const format: WriteSquashfsOptions = { compression: "zstd", blockSizeBytes: 4096, compressorCount: 1 };
/** Every layer costs two threads' start, so the runs are few; the seeds differ from run to run. */
const runs = { numRuns: 6, endOnFailure: true };

async function withLayers<Result>(
  layers: readonly LayerDirectory[],
  form: OverlayForm,
  use: (images: readonly SquashfsImage[], folder: string) => Promise<Result>,
): Promise<Result> {
  using folder = temporaryFolder();
  const images: SquashfsImage[] = [];
  try {
    for (const [index, layer] of layers.entries()) {
      const path = join(folder.path, `${index}.sqfs`);
      await packSquashfs(layerEntries(layer, form), path, format);
      images.push(await openSquashfs(path));
    }
    return await use(images, folder.path);
  } finally {
    for (const image of images) await image.close();
  }
}

async function compositionBytes(composition: Composition, offset = 0, length = composition.sizeBytes): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of composition.read(offset, length)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

for (const form of ["kernel", "oci"] as const) {
  test(`composes what unpacking layer over layer gives, whiteouts in ${form} form`, async () => {
    await fc.assert(
      fc.asyncProperty(layerStack, (layers) =>
        withLayers(layers, form, async (images) => {
          const composition = await planComposition(images);
          const composed = await openSquashfsFrom(composition);

          expect(await entryLines(composed.entries())).toEqual(modelLines(layers));
        }),
      ),
      runs,
    );
  });
}

test.runIf(hasKernelOverlay())("the model of the other tests shows what the kernel's overlay shows", () => {
  const manyStacks = fc.array(layerStack, { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(manyStacks, (stacks) => {
      expect(stacks.map(modelLines)).toEqual(kernelLines(stacks));
    }),
    { numRuns: 1, endOnFailure: true },
  );
});

test("gives the same bytes each time, in a file, as a stream and in ranges", async () => {
  await fc.assert(
    fc.asyncProperty(layerStack, fc.array(fc.nat(), { minLength: 2, maxLength: 12 }), (layers, cuts) =>
      withLayers(layers, "kernel", async (images, folder) => {
        const composition = await planComposition(images);
        const path = join(folder, "composed.sqfs");
        await writeComposition(composition, path);
        const hashed = await writeComposition(await planComposition(images), `${path}.2`, { digest: true });

        const file = readFileSync(path);
        expect(hashed).toMatchObject({ sizeBytes: file.length });
        expect(readFileSync(`${path}.2`)).toEqual(file);
        expect(await compositionBytes(composition)).toEqual(file);
        for (const [index, cut] of cuts.entries()) {
          const offset = cut % file.length;
          const length = Math.min((cuts[index + 1] ?? 7) % 9000, file.length - offset);
          expect(await compositionBytes(composition, offset, length)).toEqual(file.subarray(offset, offset + length));
        }
      }),
    ),
    { ...runs, numRuns: 3 },
  );
});

test.runIf(has("mksquashfs") && has("unsquashfs"))("unsquashfs unpacks a composition of reference images", async () => {
  using folder = temporaryFolder();
  const tree = join(folder.path, "tree");
  makeSampleTree(tree);
  const [base, top, out] = ["base", "top", "out"].map((name) => join(folder.path, `${name}.sqfs`)) as [
    string,
    string,
    string,
  ];
  const quiet = ["-comp", "zstd", "-noappend", "-quiet", "-no-progress"];
  execFileSync("mksquashfs", [tree, base, ...quiet], { stdio: "ignore" });
  const pseudo = ["-p", "small.txt c 644 0 0 0 0", "-p", "added d 755 0 0"];
  execFileSync("mksquashfs", [join(tree, "hollow"), top, ...quiet, ...pseudo], { stdio: "ignore" });

  await using lower = await openSquashfs(base);
  await using upper = await openSquashfs(top);
  await writeComposition(await planComposition([lower, upper]), out);
  const unpacked = join(folder.path, "unpacked");
  execFileSync("unsquashfs", ["-quiet", "-no-progress", "-d", unpacked, out], { stdio: "ignore" });

  const asIs = { ownership: "root", mtime: "keep", xattrs: "none" } as const;
  const expected = (await entryLines(walkDirectory(tree, asIs))).filter((line) => !line.startsWith("small.txt "));
  const found = (await entryLines(walkDirectory(unpacked, asIs))).filter((line) => !line.startsWith("added "));
  expect(found.slice(1)).toEqual(expected.slice(1));
});

test("leaves out the data of files that do not survive", async () => {
  using folder = temporaryFolder();
  const root = { path: "", type: "directory", mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: 0 } as const;
  const big = sampleBytes(400_000);
  async function* bottom() {
    yield root;
    for (const path of ["gone", "kept"]) {
      const content = {
        stream: async function* () {
          yield Buffer.concat([Buffer.from(path), big]);
        },
      };
      yield { ...root, path, type: "file" as const, sizeBytes: big.length + 4, content };
    }
  }
  async function* top() {
    yield root;
    yield { ...root, path: "gone", type: "char" as const, device: { major: 0, minor: 0 } };
  }
  const [lowerPath, upperPath] = [join(folder.path, "0.sqfs"), join(folder.path, "1.sqfs")];
  await packSquashfs(bottom(), lowerPath, format);
  await packSquashfs(top(), upperPath, format);

  await using lower = await openSquashfs(lowerPath);
  await using upper = await openSquashfs(upperPath);
  const composition = await planComposition([lower, upper]);

  const dataBytes = lower.superblock.inodeTable - lower.dataStart;
  const copied = composition.pieces.filter(({ source }) => source.kind === "layer");
  expect(copied.reduce((sum, piece) => sum + piece.sizeBytes, 0)).toBeLessThan(dataBytes * 0.55);
});

test("recodes a layer of another compressor and block size, and says so", async () => {
  using folder = temporaryFolder();
  const tree = join(folder.path, "tree");
  makeSampleTree(tree);
  const asIs = { ownership: "root", mtime: "keep", xattrs: "none" } as const;
  const [basePath, topPath] = [join(folder.path, "base.sqfs"), join(folder.path, "top.sqfs")];
  await packSquashfs(walkDirectory(tree, asIs), basePath, { compression: "zstd" });
  await packSquashfs(walkDirectory(join(tree, "dir"), asIs), topPath, { compression: "gzip", blockSizeBytes: 8192 });
  await using base = await openSquashfs(basePath);
  await using top = await openSquashfs(topPath);

  await expect(planComposition([base, top])).rejects.toMatchObject({ code: "E_USAGE" });
  await using composition = await planComposition([base, top], { scratchDirectory: folder.path });
  const composed = await openSquashfsFrom(composition);

  expect(composition.notes).toEqual([expect.stringContaining("recoded from gzip")]);
  expect(composed.superblock).toMatchObject({ compressor: "zstd", blockSizeBytes: 131_072 });
  expect(await composed.readFile("tail")).toEqual(sampleBytes(300_001, "tail"));
  expect(await composed.readFile("dir/tail")).toEqual(sampleBytes(300_001, "tail"));
});

test("refuses a layer whose files lie elsewhere by an overlay redirect", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "layer.sqfs");
  async function* entries() {
    const root = { path: "", type: "directory", mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes: 0 } as const;
    yield root;
    yield { ...root, path: "moved", xattrs: new Map([["trusted.overlay.redirect", Buffer.from("old")]]) };
  }
  await packSquashfs(entries(), path, format);
  await using layer = await openSquashfs(path);

  await expect(planComposition([layer])).rejects.toMatchObject({ code: "E_TREE_INVALID" });
});
