import { EXPORT_ENTRY_BYTES, fragmentEntryLayout, ID_BYTES, xattrTableLayout } from "../layout.ts";
import { readFirstAddress, readIndirectTable, type IndirectTable } from "./indirect-table.ts";
import { readMetadataTable, type MetadataRegion, type MetadataSource, type MetadataTable } from "./metadata-table.ts";
import { invalidImage } from "./problems.ts";
import { readExactly, readU64, viewOf } from "./read-exactly.ts";
import type { Superblock } from "./superblock.ts";
import { readXattrTable, type XattrTable } from "./xattrs.ts";

/** Where a fragment block lies. */
export interface FragmentBlock {
  readonly start: number;
  /** Size and stored flag, as a block size field of a file. */
  readonly sizeField: number;
}

/** All tables of an image but the export table, in memory. */
export interface ImageTables {
  readonly inodes: MetadataTable;
  readonly directories: MetadataTable;
  /** User and group ids by the index that inodes hold. */
  readonly ids: Uint32Array;
  readonly fragments: readonly FragmentBlock[];
  readonly xattrs: XattrTable | undefined;
}

/**
 * Reads all tables of an image but the export table.
 * Memory: the uncompressed tables; about 60 bytes per inode and 30 per name.
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED
 */
export async function readTables(source: MetadataSource, superblock: Superblock): Promise<ImageTables> {
  const { xattrTable } = superblock;
  const regions = await findMetadataRegions(source, superblock);
  return {
    inodes: await readMetadataTable(source, regions.inodes),
    directories: await readMetadataTable(source, regions.directories),
    ids: await readIds(source, superblock),
    fragments: await readFragments(source, superblock),
    xattrs: xattrTable === undefined ? undefined : await readXattrTable(source, xattrTable),
  };
}

/** Where the inode table and the directory table lie. */
export async function findMetadataRegions(
  source: MetadataSource,
  superblock: Superblock,
): Promise<{ readonly inodes: MetadataRegion; readonly directories: MetadataRegion }> {
  const { inodeTable, directoryTable } = superblock;
  const end = await directoryTableEnd(source, superblock);
  return {
    inodes: { start: inodeTable, end: directoryTable, what: "inode table" },
    directories: { start: directoryTable, end, what: "directory table" },
  };
}

/**
 * Reads the export table: inode references by inode number less one.
 * @returns `undefined` when the image has none
 */
export async function readExportTable(
  source: MetadataSource,
  superblock: Superblock,
): Promise<IndirectTable | undefined> {
  const { exportTable } = superblock;
  if (exportTable === undefined) return undefined;
  return readIndirectTable(source, exportRegion(superblock, exportTable));
}

function exportRegion(superblock: Superblock, address: number): Parameters<typeof readIndirectTable>[1] {
  return { address, entryCount: superblock.inodeCount, entryBytes: EXPORT_ENTRY_BYTES, what: "export table" };
}

function fragmentRegion(superblock: Superblock, address: number): Parameters<typeof readIndirectTable>[1] {
  const { fragmentCount: entryCount } = superblock;
  return { address, entryCount, entryBytes: fragmentEntryLayout.sizeBytes, what: "fragment table" };
}

function idRegion(superblock: Superblock): Parameters<typeof readIndirectTable>[1] {
  return { address: superblock.idTable, entryCount: superblock.idCount, entryBytes: ID_BYTES, what: "id table" };
}

/** The header does not say where the directory table ends: it ends where the first of the other tables begins. */
async function directoryTableEnd(source: MetadataSource, superblock: Superblock): Promise<number> {
  const { directoryTable, fragmentTable, exportTable, xattrTable, bytesUsed } = superblock;
  const starts = [bytesUsed, await readFirstAddress(source, idRegion(superblock))];
  if (fragmentTable !== undefined)
    starts.push(await readFirstAddress(source, fragmentRegion(superblock, fragmentTable)));
  if (exportTable !== undefined) starts.push(await readFirstAddress(source, exportRegion(superblock, exportTable)));
  if (xattrTable !== undefined) {
    const header = await readExactly(source.access, xattrTable, xattrTableLayout.sizeBytes, "the xattr table");
    starts.push(readU64(viewOf(header), xattrTableLayout.pairsStart));
  }
  return Math.min(...starts.filter((start) => start >= directoryTable));
}

/** Reads the user and group ids by the index that inodes hold. */
export async function readIds(source: MetadataSource, superblock: Superblock): Promise<Uint32Array> {
  const table = await readIndirectTable(source, idRegion(superblock));
  return Uint32Array.from({ length: table.entryCount }, (_, index) => table.view.getUint32(index * ID_BYTES, true));
}

/** Reads where the fragment blocks lie, by the index that inodes hold. */
export async function readFragments(source: MetadataSource, superblock: Superblock): Promise<FragmentBlock[]> {
  const { fragmentTable, fragmentCount } = superblock;
  if (fragmentTable === undefined || fragmentCount === 0) return [];
  const { view } = await readIndirectTable(source, fragmentRegion(superblock, fragmentTable));
  return Array.from({ length: fragmentCount }, (_, index) => {
    const at = index * fragmentEntryLayout.sizeBytes;
    return {
      start: readU64(view, at + fragmentEntryLayout.start),
      sizeField: view.getUint32(at + fragmentEntryLayout.size, true),
    };
  });
}

/** The inode's user or group id. */
export function idAt(tables: ImageTables, index: number, label: string): number {
  const id = tables.ids[index];
  if (id === undefined) {
    throw invalidImage(label, 0, `an inode uses owner id ${index}, the image has ${tables.ids.length}`);
  }
  return id;
}
