import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAppError, sha256Hex } from "@repo2singularity/base";
import { openDiskObjectStore } from "@repo2singularity/store/objects";
import { afterAll, expect, test } from "vitest";
import { findImageObject, putImageObject, textContent } from "./image-object.ts";

const folder = await mkdtemp(join(tmpdir(), "r2s-image-object-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const store = openDiskObjectStore(join(folder, "objects"));

test("an image that was put is found with its digest, which sha256sum reads", async () => {
  const file = join(folder, "x.sif");
  await writeFile(file, "an image");
  const seen: number[] = [];

  const put = await putImageObject(store, "a/demo.sif", file, { onProgress: (bytes) => seen.push(bytes) });
  const found = await findImageObject(store, "a/demo.sif");

  expect(put).toEqual({ digest: `sha256:${sha256Hex("an image")}`, sizeBytes: 8 });
  expect(found).toMatchObject(put);
  expect(seen).toEqual([8]);
  expect(await readFile(join(folder, "objects/a/demo.sif.sha256"), "utf8")).toBe(
    `${sha256Hex("an image")}  demo.sif\n`,
  );
});

test("an image without a digest beside it promises none, and another has another version", async () => {
  await store.write("plain.sif", textContent("1"));
  const first = await findImageObject(store, "plain.sif");
  await store.write("plain.sif", textContent("22"));

  expect(first).toMatchObject({ digest: undefined, sizeBytes: 1 });
  expect((await findImageObject(store, "plain.sif"))?.version).not.toBe(first?.version);
  expect(await findImageObject(store, "none.sif")).toBeUndefined();
});

test("nothing is put of a file that is not there", async () => {
  await expect(putImageObject(store, "x.sif", join(folder, "none"))).rejects.toSatisfy((error) =>
    isAppError(error, "E_FILE_ACCESS"),
  );
  expect(await store.stat("x.sif")).toBeUndefined();
});
