import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { extractTree } from "../tree/extract-tree.ts";
import { walkDirectory } from "../tree/walk-directory.ts";
import type { SquashfsEntry } from "./read/entry.ts";
import { openSquashfs, type SquashfsImage } from "./squashfs-image.ts";
import { describeEntries, temporaryFolder } from "./test-support/sample-tree.ts";
import { verifySquashfs } from "./verify-squashfs.ts";

const golden = (name: string): string => join(import.meta.dirname, "golden", `${name}.sqfs`);
const numbers = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join("");

async function entriesOf(image: SquashfsImage): Promise<SquashfsEntry[]> {
  const entries: SquashfsEntry[] = [];
  for await (const entry of image.entries()) entries.push(entry);
  return entries;
}

for (const name of ["gzip", "zstd", "stored", "tar2sqfs"]) {
  test(`reads the golden image ${name}, made by a reference program`, async () => {
    await using image = await openSquashfs(golden(name));

    const entries = await entriesOf(image);
    const paths = entries.map((entry) => entry.path).filter((path) => !/^(?:many\/|null|pipe)/.test(path));
    const kinds = new Map(entries.map((entry) => [entry.path, entry.type]));

    expect(paths).toEqual([
      "",
      "dir",
      "dir/numbers",
      "dir/second-name",
      "dir/sub",
      "dir/sub/link",
      "empty",
      "hello",
      "many",
      "sparse",
    ]);
    expect(entries.filter((entry) => entry.path.startsWith("many/")).length).toBe(40);
    expect([kinds.get("dir/second-name"), kinds.get("dir/sub/link")]).toEqual(["hardlink", "symlink"]);
    expect(entries.slice(1).every((entry) => entry.type === "hardlink" || entry.mtimeSeconds > 0)).toBe(true);
    expect(Buffer.from((await image.readFile("dir/sub/link")) ?? []).toString()).toBe("hello\n");
    expect(Buffer.from((await image.readFile("dir/second-name")) ?? []).toString()).toBe(numbers);
    const zeros = createHash("sha256").update(Buffer.alloc(20_000)).digest("hex");
    const found = createHash("sha256").update((await image.readFile("sparse")) ?? Buffer.alloc(0));
    expect(found.digest("hex")).toBe(zeros);
  });

  test(`finds nothing wrong with the golden image ${name}`, async () => {
    await using image = await openSquashfs(golden(name));

    const report = await verifySquashfs(image);

    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ directoryCount: 4, fileCount: 44, inodeCount: image.superblock.inodeCount });
  });
}

test("extracts a golden image with modes, times and links", async () => {
  using folder = temporaryFolder();
  await using image = await openSquashfs(golden("zstd"));

  const { skipped } = await extractTree(image.entries(), folder.path, { ownership: "mine" });

  const asIs = { ownership: "root", mtime: "keep", xattrs: "none" } as const;
  const extracted = await describeEntries(walkDirectory(folder.path, asIs));
  const packed = await describeEntries(image.entries());
  const isMade = (line: string): boolean => !line.includes('"path":"null"') && !line.includes('"path":"pipe"');
  expect(extracted).toEqual(packed.filter(isMade));
  expect(skipped.map((entry) => entry.path).sort()).toEqual(["null", "pipe"]);
});
