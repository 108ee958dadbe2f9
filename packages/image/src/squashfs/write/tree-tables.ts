import { EXPORT_ENTRY_BYTES, metadataReference } from "../layout.ts";
import { compareNames } from "../../tree/name-codec.ts";
import type { BlockCompression } from "./block-codec.ts";
import { encodeDirectoryInode, writeListing, type ListedName } from "./directory-encoder.ts";
import { IdTable } from "./id-table.ts";
import { encodeInode, type InodeFacts } from "./inode-encoder.ts";
import { MetadataWriter, type MetadataPosition, type MetadataStart } from "./metadata-writer.ts";
import { isDirectory, type DirectoryNode, type InodeNode } from "./tree-model.ts";
import { XattrTable } from "./xattr-table.ts";

/** The tables that describe a tree, ready to be written. */
export interface TreeTables {
  readonly inodeBlocks: readonly Buffer[];
  readonly directoryBlocks: readonly Buffer[];
  readonly inodeCount: number;
  readonly rootReference: number;
  /** The place of every inode, by its number. */
  readonly exportRows: Buffer;
  readonly ids: IdTable;
  readonly xattrs: XattrTable;
}

/** The tables of an image without xattrs, which others go on from. */
export interface TableStart {
  readonly inodes: MetadataStart;
  readonly directories: MetadataStart;
  readonly inodeCount: number;
  readonly exportRows: Uint8Array;
  readonly ids: Iterable<number>;
  /** Places of the inodes in these tables that the tree speaks of, by number. */
  readonly positions: ReadonlyMap<number, MetadataPosition>;
}

/**
 * Writes inodes and directories. The inodes of one directory's names stand together and after those below them, so
 * that their numbers follow each other and a directory's inode can say where its listing is.
 * Memory: the compressed tables, and the names of the directories on the way down.
 * @param start tables to go on from: nodes that have a place there are not written again, those that have only a number
 * keep it
 */
export function buildTreeTables(root: DirectoryNode, compression: BlockCompression, start?: TableStart): TreeTables {
  return new TreeTableBuilder(compression, start).build(root);
}

class TreeTableBuilder {
  readonly #inodes: MetadataWriter;
  readonly #directories: MetadataWriter;
  readonly #ids: IdTable;
  readonly #xattrs: XattrTable;
  readonly #positions: Map<number, MetadataPosition>;
  readonly #start: TableStart | undefined;

  constructor(compression: BlockCompression, start: TableStart | undefined) {
    this.#start = start;
    this.#inodes = new MetadataWriter(compression, start?.inodes);
    this.#directories = new MetadataWriter(compression, start?.directories);
    this.#ids = new IdTable(start?.ids);
    this.#positions = new Map(start?.positions);
    this.#xattrs = new XattrTable(compression);
  }

  build(root: DirectoryNode): TreeTables {
    let inodeCount = giveNumbers(root, this.#start?.inodeCount ?? 0);
    if (root.inodeNumber === 0) root.inodeNumber = ++inodeCount;
    const position = this.#writeDirectory(root, this.#writeContents(root), inodeCount + 1);
    return {
      inodeBlocks: this.#inodes.finish(),
      directoryBlocks: this.#directories.finish(),
      inodeCount,
      rootReference: metadataReference(position.block, position.offset),
      exportRows: this.#exportRows(inodeCount),
      ids: this.#ids,
      xattrs: this.#xattrs,
    };
  }

  /** Everything below a directory, and its listing. */
  #writeContents(directory: DirectoryNode): ReturnType<typeof writeListing> {
    const names = sortedNames(directory);
    const listings = new Map<InodeNode, ReturnType<typeof writeListing>>();
    for (const [, node] of names) if (isDirectory(node)) listings.set(node, this.#writeContents(node));
    const listed: ListedName[] = [];
    for (const [name, node] of names) {
      const listing = listings.get(node);
      const inode =
        listing !== undefined && isDirectory(node)
          ? this.#writeDirectory(node, listing, directory.inodeNumber)
          : (this.#positions.get(node.inodeNumber) ?? this.#append(node, encodeInode(this.#factsOf(node))));
      listed.push({ name, node, inode });
    }
    return writeListing(listed, this.#directories);
  }

  #writeDirectory(
    node: DirectoryNode,
    listing: ReturnType<typeof writeListing>,
    parentInodeNumber: number,
  ): MetadataPosition {
    let subdirectoryCount = 0;
    for (const child of node.children.values()) if (child.type === "directory") subdirectoryCount++;
    return this.#append(
      node,
      encodeDirectoryInode(this.#factsOf(node), listing, { parentInodeNumber, subdirectoryCount }),
    );
  }

  #append(node: InodeNode, bytes: Buffer): MetadataPosition {
    const position = this.#inodes.position;
    this.#positions.set(node.inodeNumber, position);
    this.#inodes.append(bytes);
    return position;
  }

  #factsOf(node: InodeNode): InodeFacts {
    return {
      node,
      uidIndex: this.#ids.indexOf(node.uid),
      gidIndex: this.#ids.indexOf(node.gid),
      xattrIndex: this.#xattrs.indexOf(node.xattrs),
    };
  }

  #exportRows(inodeCount: number): Buffer {
    const rows = Buffer.alloc(inodeCount * EXPORT_ENTRY_BYTES);
    if (this.#start !== undefined) rows.set(this.#start.exportRows);
    for (const [number, position] of this.#positions) {
      const reference = metadataReference(position.block, position.offset);
      rows.writeBigUInt64LE(BigInt(reference), (number - 1) * EXPORT_ENTRY_BYTES);
    }
    return rows;
  }
}

/** Numbers everything below a directory in the order it is written. @returns the last number given */
function giveNumbers(directory: DirectoryNode, last: number): number {
  let number = last;
  const names = sortedNames(directory);
  for (const [, node] of names) if (isDirectory(node)) number = giveNumbers(node, number);
  for (const [, node] of names) if (node.inodeNumber === 0) node.inodeNumber = ++number;
  return number;
}

function sortedNames(directory: DirectoryNode): [string, InodeNode][] {
  return [...directory.children].sort(([a], [b]) => compareNames(a, b));
}
