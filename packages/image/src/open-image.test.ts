import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAppError } from "@repo2singularity/base";
import { openImage } from "./open-image.ts";
import type { SifFileSystem } from "./sif/kinds.ts";
import { writeSif } from "./sif/write.ts";
import { singularityTree } from "./singularity-d/tree.ts";
import { packSquashfs } from "./squashfs/write-squashfs.ts";

let folder: string;
let squashfs: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "open-image-"));
  squashfs = join(folder, "x.sqfs");
  const entries = singularityTree({
    environment: {},
    pathPrefix: [],
    runscript: "#!/bin/sh\n",
    labels: { a: "b" },
    definition: "",
    timestampSeconds: 0,
  });
  const stream = async function* (): AsyncIterable<(typeof entries)[number]> {
    yield* entries;
  };
  await packSquashfs(stream(), squashfs, { compression: "zstd", compressorCount: 1 });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function sifOf(fileSystem: SifFileSystem): Promise<string> {
  const path = join(folder, `${fileSystem}.sif`);
  const partition = { fileSystem, kind: "primary", architecture: "amd64" } as const;
  const objects = [{ kind: { type: "partition", partition }, content: { path: squashfs } }] as const;
  await writeSif(path, { objects, uuid: "00000000-0000-8000-8000-000000000000", createdSeconds: 0 });
  return path;
}

test("opens the tree of a squashfs file and of a SIF alike", async () => {
  for (const path of [squashfs, await sifOf("squashfs")]) {
    await using image = await openImage(path);
    const labels = await image.readFile(".singularity.d/labels.json");
    expect(JSON.parse(Buffer.from(labels ?? []).toString())).toEqual({ a: "b" });
  }
});

test("anything else is refused with what it is", async () => {
  const text = join(folder, "text");
  await writeFile(text, "not an image");
  for (const path of [text, folder, join(folder, "missing"), await sifOf("ext3")]) {
    const error: unknown = await openImage(path).catch((caught: unknown) => caught);
    expect(isAppError(error, "E_IMAGE_FORMAT"), path).toBe(true);
  }
});
