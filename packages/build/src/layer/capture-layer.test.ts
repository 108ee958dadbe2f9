import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { processRunner } from "@repo2singularity/base";
import { openSquashfs } from "@repo2singularity/image";
import { hasBusybox, makeBusyboxTree } from "@repo2singularity/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecutorHost } from "../executor/host.ts";
import type { StepExecutor } from "../executor/port.ts";
import { createRootExecutor } from "../executor/root.ts";
import { createUsernsExecutor } from "../executor/userns.ts";
import { removeTree } from "../tree/remove-tree.ts";
import { captureLayer, type LayerSummary } from "./capture-layer.ts";
import { materializeLayer } from "./materialize-layer.ts";

const host: ExecutorHost = {
  runner: processRunner,
  path: process.env["PATH"] ?? "/usr/bin:/bin",
  processor: process.arch,
  uid: process.getuid?.() ?? -1,
  tmpDir: tmpdir(),
};

const candidates: Readonly<Record<string, StepExecutor>> = {
  "userns, kernel overlay": createUsernsExecutor(host, "overlay"),
  "userns, fuse-overlayfs": createUsernsExecutor(host, "fuse-overlayfs"),
  "userns, copy": createUsernsExecutor(host, "copy"),
  "root, kernel overlay": createRootExecutor(host, "overlay"),
  "root, copy": createRootExecutor(host, "copy"),
};
const usable = (
  await Promise.all(Object.entries(candidates).map(async (pair) => ((await pair[1].probe()).usable ? [pair] : [])))
).flat();

/** Everything that makes one way of merging trees differ from another. */
const steps = `
set -e
cd /data
echo new >new; echo other >changed; rm removed
cp same copy && mv copy same
chmod 600 folder/one; chmod 644 folder/one
rm -r folder/inner; mkdir folder/inner; echo 4 >folder/inner/four
rm -r folder/inner; mkdir folder/inner; echo 5 >folder/inner/five
rm folder/two; mkdir folder/two
mkdir -m 700 private; mkdir closed; echo secret >closed/secret; chmod 000 closed/secret closed
mkdir made-and-gone; rm -r made-and-gone
ln new linked; ln -s new symbolic; chmod 4755 new
touch same
`;

async function capture(executor: StepExecutor, base: string, script: string): Promise<LayerSummary & { path: string }> {
  const folder = await mkdtemp(join(base, "..", "capture-"));
  const upperDir = join(folder, "upper");
  {
    await using tree = await executor.openTree({
      lowerTrees: [base],
      upperDir,
      scratchDir: join(folder, "scratch"),
      mounts: [],
    });
    const command = { argv: ["sh", "-c", script], env: { PATH: "/bin" }, cwd: "/", network: true };
    expect((await tree.run(command)).exitCode).toBe(0);
  }
  const path = join(folder, "layer.sqfs");
  const layer = await captureLayer(upperDir, path, {
    host,
    lowerTrees: [base],
    mtimeSeconds: 315532800,
    compression: "zstd",
  });
  return { ...layer, path };
}

describe.runIf((await hasBusybox()) && usable.length > 0)("capturing a layer", () => {
  let folder: string;
  let base: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "capture-layer-"));
    base = await makeBusyboxTree(join(folder, "base"));
  });
  afterAll(() => removeTree(host, folder));

  test("gives the same bytes by every executor and every kind of tree", async () => {
    const layers = new Map<string, string>();
    for (const [name, executor] of usable) layers.set(name, (await capture(executor, base, steps)).digestHex);

    expect(new Set(layers.values()).size, JSON.stringify([...layers], undefined, 1)).toBe(1);
  });

  test("holds what differs from the trees below, and nothing else", async () => {
    const executor = usable[0]?.[1];
    const { path } = await capture(executor!, base, steps);

    const image = await openSquashfs(path);
    const entries = [];
    for await (const entry of image.entries()) {
      entries.push(`${entry.path} ${entry.type} ${entry.mode.toString(8)} ${entry.uid} ${entry.mtimeSeconds}`);
    }
    await image.close();

    expect(entries.filter((line) => !line.startsWith(" ")).toSorted()).toEqual([
      "data directory 755 0 315532800",
      "data/changed file 644 0 315532800",
      "data/closed directory 0 0 315532800",
      "data/closed/secret file 0 0 315532800",
      "data/folder directory 755 0 315532800",
      "data/folder/inner directory 755 0 315532800",
      "data/folder/inner/five file 644 0 315532800",
      "data/folder/inner/three char 0 0 315532800",
      "data/folder/two directory 755 0 315532800",
      "data/linked file 4755 0 315532800",
      "data/new hardlink 4755 0 315532800",
      "data/private directory 700 0 315532800",
      "data/removed char 0 0 315532800",
      "data/symbolic symlink 777 0 315532800",
    ]);
  });

  test("unpacks to the tree that is captured again as the same bytes, and to the settled upper folder", async () => {
    const executor = usable[0]![1];
    const { path, digestHex } = await capture(executor, base, steps);
    const unpacked = join(folder, "unpacked");
    await mkdir(unpacked);

    await materializeLayer(path, unpacked, { host });

    const list = async (tree: string): Promise<string> => {
      const find = [
        "-printf",
        String.raw`%P %y %m %T@ %l
`,
      ];
      return (
        await host.runner("find", [tree, "!", "-type", "c", ...find], { env: { PATH: host.path }, okExitCodes: [0, 1] })
      ).stdout;
    };
    const sorted = async (tree: string): Promise<string[]> => (await list(tree)).split("\n").toSorted();
    expect(await sorted(unpacked)).toEqual(await sorted(join(path, "../upper")));
    const options = { host, lowerTrees: [base], mtimeSeconds: 315532800, compression: "zstd" } as const;
    expect((await captureLayer(unpacked, join(folder, "again.sqfs"), options)).digestHex).toBe(digestHex);
  });

  test("says when a step changed nothing", async () => {
    const layer = await capture(usable[0]![1], base, "touch /data/same; mkdir /x; rmdir /x");

    expect(layer.isEmpty).toBe(true);
    expect((await readFile(layer.path)).length).toBe(layer.sizeBytes);
    await rm(layer.path);
  });
});
