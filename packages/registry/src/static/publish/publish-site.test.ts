import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAppError, sha256Hex } from "@repo2singularity/base";
import { openDiskObjectStore } from "@repo2singularity/store/objects";
import { expect, test } from "vitest";
import { planSite } from "../site/plan-site.ts";
import { readRegistryTree } from "../source/read-tree.ts";
import { writeTree } from "../tree.fixture.ts";
import { type PublishReport, publishSite } from "./publish-site.ts";

const hex = sha256Hex("an image");
const registry = {
  "a/b/manifests/t/Singularity": "x",
  "a/b/manifests/t/image.yaml": `digest: sha256:${hex}\nsize: 8\n`,
  [`.images/${hex}.sif`]: "an image",
};

async function publish(root: string, to: string): Promise<PublishReport> {
  const site = planSite(await readRegistryTree(root), "https://lab.example");
  return publishSite(site, openDiskObjectStore(to), { imagesFolder: join(root, ".images") });
}

test("publishes once what does not change, and removes what is no more", async () => {
  const root = await writeTree(registry);
  const to = join(root, "_site");
  const first = await publish(root, to);
  await writeFile(join(to, "CNAME"), "lab.example"); // somebody else's
  const second = await publish(root, to);
  await mkdir(join(root, "a/c/manifests/t"), { recursive: true });
  await writeFile(
    join(root, "a/c/manifests/t/image.yaml"),
    `digest: sha256:${hex}\nsize: 8\nurl: https://x.example/y.sif\n`,
  );
  await rm(join(root, "a/b"), { recursive: true });
  const third = await publish(root, to);

  expect(first).toMatchObject({ keptCount: 0, removedCount: 0 });
  expect(second).toEqual({ writtenCount: 0, keptCount: first.writtenCount, removedCount: 0 });
  expect(third.removedCount).toBeGreaterThan(8);
  await expect(readFile(join(to, "a/b/index.html"))).rejects.toThrow("ENOENT");
  expect(await readFile(join(to, "CNAME"), "utf8")).toBe("lab.example");
  expect(await readFile(join(to, "a/c/index.html"), "utf8")).toContain("a/c");
});

test("an image that was published before need not be here any more", async () => {
  const root = await writeTree(registry);
  const to = join(root, "_site");
  await publish(root, to);
  await rm(join(root, ".images"), { recursive: true });

  expect((await publish(root, to)).writtenCount).toBe(0);
  await expect(publish(root, join(root, "_other"))).rejects.toSatisfy((error) =>
    isAppError(error, "E_OBJECT_NOT_FOUND"),
  );
});

test("an image of other bytes is not published", async () => {
  const root = await writeTree({ ...registry, [`.images/${hex}.sif`]: "an imagE" });

  await expect(publish(root, join(root, "_site"))).rejects.toSatisfy((error) =>
    isAppError(error, "E_OCI_DIGEST_MISMATCH"),
  );

  await expect(readFile(join(root, "_site/a/b/tags/t/b_t.sif"))).rejects.toThrow("ENOENT");
});
