import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesAccess } from "../access/random-access.ts";
import { superblockLayout } from "./layout.ts";
import { openSquashfsFrom } from "./squashfs-image.ts";
import { verifySquashfs, type VerifyReport } from "./verify-squashfs.ts";

const goldenBytes = (): Buffer => readFileSync(join(import.meta.dirname, "golden", "gzip.sqfs"));

async function verify(bytes: Buffer): Promise<VerifyReport> {
  await using image = await openSquashfsFrom(bytesAccess(bytes, "test image"));
  return await verifySquashfs(image);
}

test("names the file whose data is damaged, and goes on", async () => {
  const bytes = goldenBytes();
  bytes[superblockLayout.sizeBytes + 20] = (bytes[superblockLayout.sizeBytes + 20] ?? 0) ^ 0xff;

  const report = await verify(bytes);

  expect(report.problems.length).toBeGreaterThan(0);
  expect(report.problems[0]).toMatch(/^(?:dir\/numbers|fragment \d+): test image: a data block/);
  expect(report.inodeCount).toBe((await verify(goldenBytes())).inodeCount);
});

test("reports a wrong count of inodes", async () => {
  const bytes = goldenBytes();
  // the export table must stay readable, so the count may only shrink
  bytes.writeUInt32LE(bytes.readUInt32LE(superblockLayout.inodeCount) - 1, superblockLayout.inodeCount);

  const report = await verify(bytes);

  expect(report.problems).toContainEqual(expect.stringMatching(/announces \d+ inodes, its directories lead to \d+/));
});

test("reports tables in an order that the kernel refuses", async () => {
  const bytes = goldenBytes();
  const idTable = bytes.readBigUInt64LE(superblockLayout.idTable);
  const exportTable = bytes.readBigUInt64LE(superblockLayout.exportTable);
  bytes.writeBigUInt64LE(exportTable, superblockLayout.idTable);
  bytes.writeBigUInt64LE(idTable, superblockLayout.exportTable);

  const report = await verify(bytes);

  expect(report.problems).toContainEqual(expect.stringContaining("lies before the export table"));
});

test("throws nothing but aborts, whatever byte is damaged", async () => {
  const sound = goldenBytes();
  const step = Math.ceil(sound.length / 150);

  for (let at = superblockLayout.sizeBytes; at < sound.length; at += step) {
    const bytes = Buffer.from(sound);
    bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    const report = await verify(bytes).catch((error: unknown) => error);
    expect(report, `byte ${at}`).toSatisfy((value: unknown) => !(value instanceof Error));
  }
});
