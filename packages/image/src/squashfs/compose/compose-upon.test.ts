import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSquashfs, openSquashfsFrom, type SquashfsImage } from "../squashfs-image.ts";
import { entryLines, layerEntries, layerStack, modelLines, type LayerDirectory } from "../test-support/layer-stacks.ts";
import { has, temporaryFolder } from "../test-support/sample-tree.ts";
import { verifySquashfs } from "../verify-squashfs.ts";
import { packSquashfs, type WriteSquashfsOptions } from "../write-squashfs.ts";
import { composeUpon } from "./compose-upon.ts";
import type { Composition } from "./composition.ts";
import { planComposition } from "./plan-composition.ts";
import { saveComposition, tryLoadComposition } from "./saved-composition.ts";
import { writeComposition } from "./write-composition.ts";

const format: WriteSquashfsOptions = { compression: "zstd", blockSizeBytes: 4096, compressorCount: 1 };
const plain = { kind: "directory", mode: 0o755, mtime: 315_532_800, isOpaque: false } as const;
const file = (seed: number) => ({ kind: "file", sizeBytes: 5000, seed, mode: 0o644, mtime: 1_000_000_000 }) as const;

/** Many names, so that both tables of the lower image have several blocks. */
const software: LayerDirectory = {
  ...plain,
  children: {
    lib: {
      ...plain,
      children: Object.fromEntries(
        Array.from({ length: 600 }, (_, n) => [`module-${n}`, { ...file(n % 6), sizeBytes: 5 }]),
      ),
    },
    links: {
      ...plain,
      children: { one: { kind: "link", mode: 0, mtime: 0 }, two: { kind: "link", mode: 0, mtime: 0 } },
    },
    srv: { ...plain, mode: 0o700, children: { env: { ...plain, children: { python: file(1) } } } },
  },
};
const content: LayerDirectory = {
  ...plain,
  mode: 0o1777,
  children: {
    "a first name": file(3),
    srv: {
      ...plain,
      children: { repo: { ...plain, children: { "index.ipynb": file(4) } }, gone: { kind: "whiteout" } },
    },
  },
};

async function withImages<Result>(
  layers: readonly LayerDirectory[],
  use: (images: readonly SquashfsImage[], folder: string) => Promise<Result>,
): Promise<Result> {
  using folder = temporaryFolder();
  await using open = new AsyncDisposableStack();
  const images: SquashfsImage[] = [];
  for (const [index, layer] of layers.entries()) {
    const path = join(folder.path, `${index}.sqfs`);
    await packSquashfs(layerEntries(layer, "kernel"), path, format);
    images.push(open.use(await openSquashfs(path)));
  }
  return await use(images, folder.path);
}

async function bytesOf(composition: Composition): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of composition.read(0, composition.sizeBytes)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The last layer upon the others: planned anew, and upon what was kept of the others. */
async function composeBothWays(images: readonly SquashfsImage[]): Promise<readonly (Composition | undefined)[]> {
  const below = images.slice(0, -1);
  const planned = await planComposition(below);
  const accesses = below.map(({ access }) => access);
  const kept = tryLoadComposition(Uint8Array.from(saveComposition(planned)), accesses);
  if (kept === undefined) throw new Error("a composition that was just saved cannot be loaded");
  return [
    await composeUpon(await openSquashfsFrom(planned), images.slice(-1)),
    await composeUpon(await openSquashfsFrom(kept), images.slice(-1)),
  ];
}

test("shows what all layers show, in the same bytes whether the lower layers were kept or planned", async () => {
  await fc.assert(
    fc.asyncProperty(layerStack, (layers) =>
      withImages([software, ...layers.slice(0, 1), addition(layers)], async (images) => {
        const [planned, kept] = await composeBothWays(images);

        expect(kept === undefined).toBe(planned === undefined);
        if (planned === undefined || kept === undefined) return;
        expect(await bytesOf(kept)).toEqual(await bytesOf(planned));
        const image = await openSquashfsFrom(planned);
        expect(await entryLines(image.entries())).toEqual(
          modelLines([software, ...layers.slice(0, 1), addition(layers)]),
        );
        expect(await verifySquashfs(image)).toMatchObject({ problems: [] });
      }),
    ),
    { numRuns: 3, endOnFailure: true },
  );
});

/** A layer that hides little: its names are new, but for those of directories. */
function addition(layers: readonly LayerDirectory[]): LayerDirectory {
  const top = layers.at(-1) ?? content;
  const rename = (name: string): string => (top.children[name]?.kind === "directory" ? name : `new ${name}`);
  const children = Object.entries(top.children).map(([name, node]) => [rename(name), node] as const);
  return { ...top, children: { ...Object.fromEntries(children), srv: { ...plain, children: { added: file(2) } } } };
}

test("keeps the stored tables of the lower image but for their last blocks", async () => {
  await withImages([software, content], async (images) => {
    const [composition] = await composeBothWays(images);
    const [lower] = images;
    if (composition === undefined || lower === undefined) throw new Error("nothing was composed");
    const below = await openSquashfsFrom(await planComposition([lower]));
    const image = await openSquashfsFrom(composition);
    const stored = Buffer.alloc(256);
    const again = Buffer.alloc(256);
    await below.access.readInto(stored, below.superblock.inodeTable);
    await image.access.readInto(again, image.superblock.inodeTable);

    expect(again).toEqual(stored);
    expect(image.superblock.inodeCount).toBe(below.superblock.inodeCount + 3);
    expect(await entryLines(image.entries())).toEqual(modelLines([software, content]));
    expect(await verifySquashfs(image)).toMatchObject({ problems: [] });
  });
});

test.runIf(has("unsquashfs"))("unsquashfs unpacks an image that was composed upon another", async () => {
  await withImages([software, content], async (images, folder) => {
    const [composition] = await composeBothWays(images);
    if (composition === undefined) throw new Error("nothing was composed");
    const path = join(folder, "image.sqfs");
    await writeComposition(composition, path);

    const listing = execFileSync("unsquashfs", ["-quiet", "-no-progress", "-lc", path], { encoding: "utf8" });
    const python = execFileSync("unsquashfs", ["-cat", path, "srv/env/python"]);

    expect(listing).toContain("srv/repo/index.ipynb");
    expect(listing.split("\n").filter((line) => line.includes("lib/module-"))).toHaveLength(600);
    expect(python).toHaveLength(5000);
  });
});

test("leaves to a whole composition what hides or replaces something below", async () => {
  const replaced: LayerDirectory = { ...plain, children: { links: file(1) } };
  const hidden: LayerDirectory = { ...plain, children: { srv: { ...plain, children: { env: { kind: "whiteout" } } } } };
  const opaque: LayerDirectory = { ...plain, children: { srv: { ...plain, isOpaque: true, children: {} } } };

  for (const layer of [replaced, hidden, opaque]) {
    await withImages([software, layer], async (images) => {
      expect(await composeBothWays(images)).toEqual([undefined, undefined]);
    });
  }
});

test("does not load what is no composition of these layers", async () => {
  await withImages([software, content], async (images) => {
    const saved = Uint8Array.from(saveComposition(await planComposition(images)));

    expect(tryLoadComposition(saved, [])).toBeUndefined();
    expect(
      tryLoadComposition(
        saved.subarray(0, -1),
        images.map(({ access }) => access),
      ),
    ).toBeUndefined();
    expect(tryLoadComposition(new Uint8Array(40), [])).toBeUndefined();
  });
});
