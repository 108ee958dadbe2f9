import { metadataReference, referenceBlock, referenceOffset } from "../layout.ts";
import { decodeInode } from "../read/decode-inode.ts";
import { decodeListing, type DirectoryRecord } from "../read/directory.ts";
import type { DirectoryInode } from "../read/inode.ts";
import { PackedTable } from "../read/packed-table.ts";
import { invalidImage } from "../read/problems.ts";
import { findMetadataRegions, type FragmentBlock, readExportTable, readFragments, readIds } from "../read/tables.ts";
import type { SquashfsImage } from "../squashfs-image.ts";
import type { MetadataPosition } from "../write/metadata-writer.ts";
import type { TableStart } from "../write/tree-tables.ts";

/** The most a directory's inode has before its index, in bytes. */
const DIRECTORY_INODE_BYTES = 64;

/**
 * An image that others are composed upon. Its tables stay compressed: only the blocks that directories on the way to
 * new names lie in are unpacked.
 * Memory: the compressed tables, and 8 bytes an inode.
 */
export class LowerImage {
  readonly image: SquashfsImage;
  readonly fragments: readonly FragmentBlock[];
  readonly root: DirectoryInode;
  readonly #inodes: PackedTable;
  readonly #directories: PackedTable;
  readonly #ids: Uint32Array;
  readonly #exportRows: Uint8Array;

  private constructor(image: SquashfsImage, parts: LowerParts) {
    this.image = image;
    this.fragments = parts.fragments;
    this.#inodes = parts.inodes;
    this.#directories = parts.directories;
    this.#ids = parts.ids;
    this.#exportRows = parts.exportRows;
    const { rootInode } = image.superblock;
    this.root = this.#directoryAt(referenceBlock(rootInode), referenceOffset(rootInode));
  }

  /**
   * Reads what is needed of an image.
   * @returns `undefined` when it has no export table: nothing can be added to it without reading all of it
   * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED
   */
  static async read(image: SquashfsImage): Promise<LowerImage | undefined> {
    const { metadataSource: source, superblock } = image;
    const exportTable = await readExportTable(source, superblock);
    if (exportTable === undefined) return undefined;
    const regions = await findMetadataRegions(source, superblock);
    const { buffer, byteOffset, byteLength } = exportTable.view;
    return new LowerImage(image, {
      inodes: await PackedTable.read(source, regions.inodes),
      directories: await PackedTable.read(source, regions.directories),
      ids: await readIds(source, superblock),
      fragments: await readFragments(source, superblock),
      exportRows: new Uint8Array(buffer, byteOffset, byteLength),
    });
  }

  /** The inode of a directory's name. @throws E_SQUASHFS_INVALID when it is not the one that the name announces */
  directory(record: DirectoryRecord): DirectoryInode {
    const inode = this.#directoryAt(record.inodeBlock, record.inodeOffset);
    if (inode.inodeNumber === record.inodeNumber) return inode;
    throw invalidImage(this.image.access.label, 0, `${JSON.stringify(record.byteName)} leads to another inode`);
  }

  /** What a directory holds. @throws E_SQUASHFS_INVALID */
  listing({ listingBlock, listingOffset, ...rest }: DirectoryInode): readonly DirectoryRecord[] {
    const table = this.#directories.window(listingBlock, listingOffset, rest.listingBytes);
    return decodeListing(table, { listingBlock, listingOffset, ...rest });
  }

  /** The tables to go on from. @param positions places of inodes that new listings name, by number */
  tableStart(positions: ReadonlyMap<number, MetadataPosition>): TableStart {
    return {
      inodes: this.#inodes.split(),
      directories: this.#directories.split(),
      inodeCount: this.image.superblock.inodeCount,
      exportRows: this.#exportRows,
      ids: this.#ids,
      positions,
    };
  }

  #directoryAt(block: number, offset: number): DirectoryInode {
    const table = this.#inodes.window(block, offset, DIRECTORY_INODE_BYTES);
    const { blockSizeBytes } = this.image.superblock;
    const inode = decodeInode(table, table.positionOf(block, offset), blockSizeBytes);
    if (inode.kind === "directory") return inode;
    throw invalidImage(
      this.image.access.label,
      0,
      `inode reference ${metadataReference(block, offset)} is a ${inode.kind}`,
    );
  }
}

interface LowerParts {
  readonly inodes: PackedTable;
  readonly directories: PackedTable;
  readonly ids: Uint32Array;
  readonly fragments: readonly FragmentBlock[];
  readonly exportRows: Uint8Array;
}
