import { EXPORT_ENTRY_BYTES } from "../layout.ts";
import type { SquashfsImage } from "../squashfs-image.ts";
import { decodeInode } from "./decode-inode.ts";
import { readU64 } from "./read-exactly.ts";
import type { Superblock } from "./superblock.ts";
import { readExportTable } from "./tables.ts";
import { referenceBlock, referenceOffset } from "../layout.ts";

/**
 * What is wrong with the order of the tables: the kernel mounts only images whose tables follow each other as listed
 * here.
 * Source: `squashfs_fill_super` in fs/squashfs/super.c, which hands each table's start down as the next one's end
 */
export function checkTableOrder(superblock: Superblock): string[] {
  const order: readonly (readonly [name: string, address: number | undefined])[] = [
    ["inode table", superblock.inodeTable],
    ["directory table", superblock.directoryTable],
    ["fragment table", superblock.fragmentCount === 0 ? undefined : superblock.fragmentTable],
    ["export table", superblock.exportTable],
    ["id table", superblock.idTable],
    ["xattr table", superblock.xattrTable],
    ["end of the image", superblock.bytesUsed],
  ];
  const problems: string[] = [];
  let previous = order[0];
  for (const [name, address] of order.slice(1)) {
    if (address === undefined || previous?.[1] === undefined) continue;
    if (address < previous[1]) problems.push(`the ${name} at ${address} lies before the ${previous[0]}`);
    previous = [name, address];
  }
  return problems;
}

/**
 * Whether the export table leads from every inode number to the inode of that number.
 * @returns problems, the first few only
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED when the table cannot be read
 */
export async function checkExportTable(image: SquashfsImage, mostProblems: number): Promise<string[]> {
  const table = await readExportTable(image.metadataSource, image.superblock);
  const problems: string[] = [];
  if (table === undefined) return problems;
  const { tables } = await image.load();
  for (let index = 0; index < table.entryCount && problems.length < mostProblems; index += 1) {
    const reference = readU64(table.view, index * EXPORT_ENTRY_BYTES);
    const position = tables.inodes.positionOf(referenceBlock(reference), referenceOffset(reference));
    const { inodeNumber } = decodeInode(tables.inodes, position, image.superblock.blockSizeBytes);
    if (inodeNumber !== index + 1) problems.push(`the export table leads from inode ${index + 1} to ${inodeNumber}`);
  }
  return problems;
}
