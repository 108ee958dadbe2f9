import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesAccess } from "../access/random-access.ts";
import { walkDirectory } from "../tree/walk-directory.ts";
import { openSquashfs, openSquashfsFrom } from "./squashfs-image.ts";
import { describeEntries, has, makeSampleTree, sampleBytes, temporaryFolder } from "./test-support/sample-tree.ts";

const mksquashfs = (args: readonly string[]): void => {
  execFileSync("mksquashfs", [...args, "-noappend", "-quiet", "-no-progress"], { stdio: "ignore" });
};
const asIs = { ownership: "keep", mtime: "keep", xattrs: "none" } as const;

const variants: readonly (readonly string[])[] = [
  ["-comp", "gzip"],
  ["-comp", "zstd", "-b", "4K"],
  ["-comp", "gzip", "-b", "1M", "-Xcompression-level", "9"],
  ["-comp", "zstd", "-no-fragments", "-no-exports"],
  ["-comp", "zstd", "-always-use-fragments", "-no-duplicates"],
  ["-comp", "gzip", "-noI", "-noId", "-noD", "-noF", "-noX"],
];

for (const options of variants) {
  test.runIf(has("mksquashfs"))(`reads back what mksquashfs ${options.join(" ")} packed`, async () => {
    using folder = temporaryFolder();
    const tree = join(folder.path, "tree");
    makeSampleTree(tree);
    const path = join(folder.path, "image.sqfs");
    mksquashfs([tree, path, ...options]);

    await using image = await openSquashfs(path);
    const found = await describeEntries(image.entries());

    expect(found).toEqual(await describeEntries(walkDirectory(tree, asIs)));
  });
}

test.runIf(has("tar2sqfs") && has("tar"))("reads back what tar2sqfs packed", async () => {
  using folder = temporaryFolder();
  const tree = join(folder.path, "tree");
  makeSampleTree(tree);
  const path = join(folder.path, "image.sqfs");
  execFileSync("sh", ["-c", `tar -C "$1" --sort=name -cf - . | tar2sqfs -c zstd -q -s -f "$2"`, "sh", tree, path]);

  await using image = await openSquashfs(path);
  const found = await describeEntries(image.entries());

  const expected = await describeEntries(walkDirectory(tree, asIs));
  // tar2sqfs takes the root's own attributes from its options
  expect(found.slice(1)).toEqual(expected.slice(1));
});

test.runIf(has("mksquashfs"))("reads devices, fifos and sockets", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "image.sqfs");
  const pseudo = ["null c 666 1 2 1 3", "disk b 600 0 0 259 70000", "fifo i 644 3 3 f", "socket i 600 0 0 s"];
  mksquashfs([import.meta.filename, path, ...pseudo.flatMap((text) => ["-p", text])]);

  await using image = await openSquashfs(path);

  expect(await image.lookup("null")).toMatchObject({ type: "char", device: { major: 1, minor: 3 }, uid: 1, gid: 2 });
  expect(await image.lookup("disk")).toMatchObject({ type: "block", device: { major: 259, minor: 70_000 } });
  expect(await image.lookup("fifo")).toMatchObject({ type: "fifo", mode: 0o644, uid: 3 });
  expect(await image.lookup("socket")).toMatchObject({ type: "socket", mode: 0o600 });
});

/** Makes a tar of files `a` and `b` and folder `d` with the same attributes, and an empty file `c` without any. */
const XATTR_TAR = `
import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as archive:
    for name in ["a", "b", "c", "d"]:
        entry = tarfile.TarInfo(name)
        entry.type = tarfile.DIRTYPE if name == "d" else tarfile.REGTYPE
        if name != "c":
            entry.pax_headers = {"SCHILY.xattr.user.short": "abc", "SCHILY.xattr.security.long": "v" * 9000}
        archive.addfile(entry)
`;

test.runIf(has("tar2sqfs") && has("python3"))("reads extended attributes, shared and out of line", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "image.sqfs");
  execFileSync("sh", ["-c", `python3 -c "$1" | tar2sqfs -c zstd -q -f "$2"`, "sh", XATTR_TAR, path]);

  await using image = await openSquashfs(path);

  for (const name of ["a", "b", "d"]) {
    const xattrs = (await image.lookup(name))?.xattrs;
    expect([...(xattrs?.keys() ?? [])].sort()).toEqual(["security.long", "user.short"]);
    expect(xattrs?.get("user.short")).toEqual(Buffer.from("abc"));
    expect(xattrs?.get("security.long")).toEqual(Buffer.alloc(9000, "v"));
  }
  expect((await image.lookup("c"))?.xattrs).toBeUndefined();
});

test.runIf(has("mksquashfs"))("finds paths, follows links inside the image and reads parts of files", async () => {
  using folder = temporaryFolder();
  const tree = join(folder.path, "tree");
  makeSampleTree(tree);
  const path = join(folder.path, "image.sqfs");
  mksquashfs([tree, path, "-comp", "zstd"]);

  await using image = await openSquashfs(path);

  expect(await image.lookup("link/noise")).toBeUndefined();
  expect(await image.lookup("link/noise", { followLinks: true })).toMatchObject({ path: "dir/sub/noise" });
  expect(await image.lookup("loop-a", { followLinks: true })).toBeUndefined();
  expect(await image.lookup("../dir/./absolute", { followLinks: true })).toMatchObject({ path: "small.txt" });
  expect((await image.list("link"))?.map((entry) => entry.path)).toEqual(["dir/sub/noise"]);
  expect(await image.list("small.txt")).toBeUndefined();
  expect(await image.readFile("dir/absolute")).toEqual(Buffer.from("hello\n"));
  expect(await image.readFile("dir")).toBeUndefined();
  const whole = sampleBytes(300_001, "tail");
  for (const [offset, length] of [
    [0, 10],
    [131_070, 5],
    [262_140, 100],
    [300_000, 50],
    [400_000, 1],
    [1, 299_999],
  ] as const) {
    expect(await image.readFile("dir/tail", { offset, length })).toEqual(whole.subarray(offset, offset + length));
  }
});

test.runIf(has("mksquashfs"))("names the compressor of an image it cannot unpack", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "image.sqfs");
  mksquashfs([import.meta.filename, path, "-comp", "xz"]);

  await expect(openSquashfs(path)).rejects.toMatchObject({ code: "E_SQUASHFS_COMPRESSOR", data: { compressor: "xz" } });
});

test.runIf(has("mksquashfs"))("opens an image inside another file", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "image.sqfs");
  mksquashfs([import.meta.filename, path, "-comp", "gzip", "-offset", "8192"]);

  await using image = await openSquashfs(path, { offsetBytes: 8192 });

  expect(await image.readFile("squashfs-image.test.ts")).toEqual(readFileSync(import.meta.filename));
});

test.runIf(has("mksquashfs"))("ends with a coded error wherever an image is cut", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "image.sqfs");
  mksquashfs([import.meta.dirname, path, "-comp", "zstd", "-nopad"]);
  const bytes = readFileSync(path);
  const cuts = [0, 1, 4, 95, 96, 97, ...Array.from({ length: 40 }, (_, index) => bytes.length - 1 - index * 7)];

  for (const cut of cuts) {
    const opened = openSquashfsFrom(bytesAccess(bytes.subarray(0, cut)));
    await expect(opened, `cut at ${cut}`).rejects.toMatchObject({ code: "E_SQUASHFS_TRUNCATED" });
  }
});

test.runIf(has("mksquashfs"))("stops at its limits", async () => {
  using folder = temporaryFolder();
  const tree = join(folder.path, "tree");
  makeSampleTree(tree);
  const path = join(folder.path, "image.sqfs");
  mksquashfs([tree, path, "-comp", "zstd"]);

  for (const limits of [{ entryCount: 100 }, { depth: 1 }, { contentBytes: 1_000_000 }, { metadataBytes: 8192 }]) {
    await using image = await openSquashfs(path, { limits });
    await expect(describeEntries(image.entries())).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" });
  }
});
