import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesAccess } from "../access/random-access.ts";
import { planComposition } from "./compose/plan-composition.ts";
import { METADATA_HEADER_BYTES, superblockLayout } from "./layout.ts";
import { openSquashfsFrom } from "./squashfs-image.ts";
import { describeEntries } from "./test-support/sample-tree.ts";

/** Tables of this image are not compressed, so its fields can be damaged in place. */
const storedImage = (): Buffer => readFileSync(join(import.meta.dirname, "golden", "stored.sqfs"));

test("refuses a symbolic link whose target holds a NUL byte", async () => {
  const bytes = storedImage();
  bytes[bytes.indexOf("../../hello") + 3] = 0;

  await using image = await openSquashfsFrom(bytesAccess(bytes));

  await expect(describeEntries(image.entries())).rejects.toMatchObject({ code: "E_SQUASHFS_INVALID" });
});

test("refuses to compose a layer whose fragment lies nowhere and is empty", async () => {
  const bytes = storedImage();
  const list = Number(bytes.readBigUInt64LE(superblockLayout.fragmentTable));
  const firstEntry = Number(bytes.readBigUInt64LE(list)) + METADATA_HEADER_BYTES;
  bytes.fill(0xff, firstEntry, firstEntry + 8);
  bytes.writeUInt32LE(0, firstEntry + 8);

  await using image = await openSquashfsFrom(bytesAccess(bytes));

  await expect(planComposition([image])).rejects.toMatchObject({ code: "E_SQUASHFS_INVALID" });
});

test("refuses a directory that is its own child", async () => {
  const bytes = storedImage();
  await using sound = await openSquashfsFrom(bytesAccess(Buffer.from(bytes)));
  const { root } = await sound.load();
  // the entry "dir" of the root's listing, made to lead to the root's inode
  const name = bytes.indexOf("dir", sound.superblock.directoryTable);
  bytes.writeUInt16LE(root.reference % 0x10000, name - 8);

  await using image = await openSquashfsFrom(bytesAccess(bytes));

  await expect(describeEntries(image.entries())).rejects.toMatchObject({ code: "E_SQUASHFS_INVALID" });
});
