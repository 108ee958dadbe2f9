import { DATA_SIZE_MASK, metadataReference, NONE_U32 } from "../layout.ts";
import { decodeListing, type DirectoryRecord } from "../read/directory.ts";
import { blockSizeField } from "../read/file-content.ts";
import type { DirectoryInode, FileInode, Inode } from "../read/inode.ts";
import { invalidImage, limitExceeded } from "../read/problems.ts";
import { DirectoryGuard, inodeOfRecord } from "../read/walk.ts";
import type { LoadedImage, SquashfsImage } from "../squashfs-image.ts";
import { FileData } from "../write/file-data.ts";
import type { FragmentRow } from "../write/fragment-packer.ts";
import { ExtentCollector, type ExtentMap } from "./extent-map.ts";
import { readOverlayXattrs, type OverlayXattrs } from "./overlay-rules.ts";

const NO_XATTRS: OverlayXattrs = { kept: undefined, isOpaque: false };

interface UsedFile {
  readonly inode: FileInode;
  readonly data: FileData;
}

/** One layer while it is merged: reads its tree, and notes which of its files survive. */
export class ComposedLayer {
  readonly image: SquashfsImage;
  readonly loaded: LoadedImage;
  readonly #guard: DirectoryGuard;
  readonly #xattrs = new Map<number, OverlayXattrs>();
  readonly #usedFiles: UsedFile[] = [];
  readonly #usedFragments = new Set<number>();
  #entryCount = 0;

  constructor(image: SquashfsImage, loaded: LoadedImage) {
    this.image = image;
    this.loaded = loaded;
    this.#guard = new DirectoryGuard(loaded);
    this.#guard.enter(loaded.root.reference, loaded.root.inode, "");
  }

  /** Decodes the inode of a name; a directory may be asked for once. */
  inode(record: DirectoryRecord): Inode {
    const inode = inodeOfRecord(this.loaded, record);
    if (inode.kind === "directory") {
      const reference = metadataReference(record.inodeBlock, record.inodeOffset);
      this.#guard.enter(reference, inode, record.byteName);
    }
    return inode;
  }

  /** Decodes a directory's listing. @throws E_LIMIT_EXCEEDED */
  listing(directory: DirectoryInode): readonly DirectoryRecord[] {
    const records = decodeListing(this.loaded.tables.directories, directory);
    this.#entryCount += records.length;
    const { access, limits } = this.image;
    if (this.#entryCount > limits.entryCount) {
      throw limitExceeded(access.label, "entryCount", limits.entryCount, this.#entryCount);
    }
    return records;
  }

  /** An inode's attributes, those of overlays told apart. */
  xattrs(inode: Inode): OverlayXattrs {
    const index = inode.xattrIndex;
    if (index === undefined) return NO_XATTRS;
    const known = this.#xattrs.get(index);
    if (known !== undefined) return known;
    const { label } = this.image.access;
    const table = this.loaded.tables.xattrs;
    if (table === undefined) throw invalidImage(label, 0, `inode ${inode.inodeNumber} has xattrs, the image has none`);
    const split = readOverlayXattrs(table.set(index), label);
    this.#xattrs.set(index, split);
    return split;
  }

  /**
   * Notes that a file survives.
   * @returns its content's place, whose addresses {@link placeFiles} fills in
   * @throws E_SQUASHFS_INVALID when its blocks lie outside the layer's data
   */
  useFile(inode: FileInode): FileData | undefined {
    if (inode.fileSize === 0) return undefined;
    const data = new FileData(inode.fileSize, inode.blockCount);
    const { inodes, fragments } = this.loaded.tables;
    for (let index = 0; index < inode.blockCount; index += 1) {
      const sizeField = blockSizeField(inodes, inode, index);
      data.blockSizes[index] = sizeField;
      if (sizeField === 0) data.sparseBytes += this.#blockContentBytes(inode, index);
    }
    if (inode.fragmentIndex !== undefined) {
      if (inode.fragmentIndex >= fragments.length) {
        throw invalidImage(this.image.access.label, 0, `inode ${inode.inodeNumber} uses a fragment that is not there`);
      }
      this.#usedFragments.add(inode.fragmentIndex);
    }
    this.#usedFiles.push({ inode, data });
    return data;
  }

  /**
   * The stretches that surviving files use, laid out.
   * @param to address in the composed image of the first
   */
  placeExtents(to: number): ExtentMap {
    const collector = new ExtentCollector();
    for (const { inode, data } of this.#usedFiles) {
      let length = 0;
      for (const sizeField of data.blockSizes) length += sizeField & DATA_SIZE_MASK;
      // the start of a file without stored blocks means nothing
      if (data.blockSizes.some((sizeField) => sizeField !== 0)) {
        this.#addExtent(collector, inode.blocksStart, length);
      }
    }
    for (const index of this.#usedFragments) {
      const fragment = this.loaded.tables.fragments[index];
      if (fragment !== undefined) this.#addExtent(collector, fragment.start, fragment.sizeField & DATA_SIZE_MASK);
    }
    return collector.place(to);
  }

  /**
   * Fills in the addresses of all surviving files and gives the fragment blocks they use.
   * @param firstFragment number in the composed image of the first of these fragment blocks
   */
  placeFiles(extents: ExtentMap, firstFragment: number): FragmentRow[] {
    const rows: FragmentRow[] = [];
    const newIndexes = new Map<number, number>();
    for (const index of Array.from(this.#usedFragments).sort((a, b) => a - b)) {
      const fragment = this.loaded.tables.fragments[index];
      if (fragment === undefined) continue;
      newIndexes.set(index, firstFragment + rows.length);
      rows.push({ address: extents.moved(fragment.start), sizeField: fragment.sizeField });
    }
    for (const { inode, data } of this.#usedFiles) {
      const firstStored = data.blockSizes.findIndex((sizeField) => sizeField !== 0);
      if (firstStored >= 0) {
        data.blockWritten(firstStored, extents.moved(inode.blocksStart), data.blockSizes[firstStored] ?? 0);
      }
      if (inode.fragmentIndex !== undefined) {
        const fragmentIndex = newIndexes.get(inode.fragmentIndex) ?? NONE_U32;
        data.fragment = { fragmentIndex, fragmentOffset: inode.fragmentOffset };
      }
    }
    return rows;
  }

  #blockContentBytes(inode: FileInode, index: number): number {
    const { blockSizeBytes } = this.image.superblock;
    return Math.min(blockSizeBytes, inode.fileSize - index * blockSizeBytes);
  }

  #addExtent(collector: ExtentCollector, start: number, length: number): void {
    const { dataStart, superblock, access } = this.image;
    if (start < dataStart || start + length > superblock.inodeTable) {
      throw invalidImage(access.label, start, `${length} bytes of file content lie outside the data of the layer`);
    }
    collector.add(start, length);
  }
}
