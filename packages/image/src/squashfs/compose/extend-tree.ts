import { inodeTypes } from "../layout.ts";
import type { DirectoryRecord } from "../read/directory.ts";
import type { DirectoryInode } from "../read/inode.ts";
import { displayName } from "../read/walk.ts";
import type { MetadataPosition } from "../write/metadata-writer.ts";
import type { DirectoryNode, InodeNode } from "../write/tree-model.ts";
import type { LowerImage } from "./lower-image.ts";
import { type DirectorySource, directoryNode, gatherCandidates, TreeMerger } from "./merge-trees.ts";

/** The directories that layers change in a lower image, with what they hold. */
export interface ExtendedTree {
  readonly root: DirectoryNode;
  /** Places of the inodes that stay as they are, by number. */
  readonly positions: ReadonlyMap<number, MetadataPosition>;
}

/**
 * The tree of a lower image with what layers add to it; directories that nothing is added to stay leaves.
 * @param sources the root directories of the layers, top first
 * @returns `undefined` when a layer hides or replaces something of the lower image
 * @throws what {@link TreeMerger} throws
 */
export function extendTree(lower: LowerImage, sources: readonly DirectorySource[]): ExtendedTree | undefined {
  const extender = new TreeExtender(lower);
  const root = extender.extend(lower.root, sources, 0);
  return root === undefined ? undefined : { root, positions: extender.positions };
}

class TreeExtender {
  readonly positions = new Map<number, MetadataPosition>();
  readonly #lower: LowerImage;
  readonly #merger = new TreeMerger();

  constructor(lower: LowerImage) {
    this.#lower = lower;
  }

  extend(directory: DirectoryInode, sources: readonly DirectorySource[], depth: number): DirectoryNode | undefined {
    const { candidates, isOpaque } = gatherCandidates(sources);
    if (isOpaque) return undefined;
    const children = new Map<string, InodeNode>();
    for (const record of this.#lower.listing(directory)) {
      const candidate = candidates.get(record.byteName);
      candidates.delete(record.byteName);
      const node =
        candidate === undefined
          ? this.#keptNode(record)
          : candidate.kind === "directory" && candidate.isOpen && record.type === inodeTypes.directory
            ? this.extend(this.#lower.directory(record), candidate.sources, depth + 1)
            : undefined;
      if (node === undefined) return undefined;
      children.set(displayName(record.byteName), node);
    }
    for (const [byteName, candidate] of candidates) {
      const node = this.#merger.nodeOf(candidate, depth);
      if (node !== undefined) children.set(displayName(byteName), node);
    }
    return directoryNode(sources, children, directory.inodeNumber);
  }

  /** A node that stands for an inode of the lower image: only its type, number and place are used. */
  #keptNode({ type, inodeNumber, inodeBlock, inodeOffset }: DirectoryRecord): InodeNode {
    this.positions.set(inodeNumber, { block: inodeBlock, offset: inodeOffset });
    return {
      type: typeNames.get(type) ?? "file",
      mode: 0,
      uid: 0,
      gid: 0,
      mtimeSeconds: 0,
      xattrs: undefined,
      linkTarget: undefined,
      device: undefined,
      data: undefined,
      nameCount: 1,
      inodeNumber,
      children: undefined,
    };
  }
}

const basicTypes = ["directory", "file", "symlink", "block", "char", "fifo", "socket"] as const;

const typeNames: ReadonlyMap<number, InodeNode["type"]> = new Map(basicTypes.map((name) => [inodeTypes[name], name]));
