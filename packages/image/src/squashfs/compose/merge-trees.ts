import { decodeDevice, metadataReference } from "../layout.ts";
import type { DirectoryRecord } from "../read/directory.ts";
import { idAt } from "../read/tables.ts";
import type { DirectoryInode, Inode } from "../read/inode.ts";
import { limitExceeded } from "../read/problems.ts";
import { displayName } from "../read/walk.ts";
import type { DirectoryNode, InodeNode } from "../write/tree-model.ts";
import type { ComposedLayer } from "./composed-layer.ts";
import { isWhiteoutDevice, readOverlayName } from "./overlay-rules.ts";

/** A directory in one layer. */
export interface DirectorySource {
  readonly layer: ComposedLayer;
  readonly inode: DirectoryInode;
}

/** What the layers looked at so far say about one name. */
export type Candidate =
  | { readonly kind: "nothing" }
  | { readonly kind: "entry"; readonly layer: ComposedLayer; readonly record: DirectoryRecord; readonly inode: Inode }
  | { readonly kind: "directory"; readonly sources: DirectorySource[]; isOpen: boolean };

const NOTHING: Candidate = { kind: "nothing" };

/**
 * Merges the trees of layers as the kernel's overlay shows them.
 *
 * A name comes from the topmost layer that has it. Directories of the same path are merged until a layer makes them
 * opaque or has something else there; their attributes are the topmost one's. Whiteouts and overlay attributes are
 * left out. Names of one file of one layer stay names of one file.
 * Memory: about 500 bytes an entry of the result.
 * @param layers top first, at least one
 * @throws E_SQUASHFS_INVALID, E_LIMIT_EXCEEDED, E_TREE_INVALID
 * Source: Documentation/filesystems/overlayfs.rst; `ovl_lookup` in fs/overlayfs/namei.c
 */
export function mergeTrees(layers: readonly ComposedLayer[]): DirectoryNode {
  const merger = new TreeMerger();
  return merger.mergeDirectories(
    layers.map((layer) => ({ layer, inode: layer.loaded.root.inode })),
    0,
  );
}

/** Makes the nodes of merged layers. One merger knows the files with several names, so one serves a whole tree. */
export class TreeMerger {
  /** Nodes of files with several names, by layer and inode reference. */
  readonly #linked = new Map<ComposedLayer, Map<number, InodeNode>>();

  /** @param sources top first; those under an opaque one do not count */
  mergeDirectories(sources: readonly DirectorySource[], depth: number): DirectoryNode {
    for (const { layer } of sources) checkDepth(layer, depth);
    const children = new Map<string, InodeNode>();
    for (const [byteName, candidate] of sortedCandidates(sources)) {
      const node = this.nodeOf(candidate, depth);
      if (node !== undefined) children.set(displayName(byteName), node);
    }
    return directoryNode(sources, children, 0);
  }

  /** The node of a name. @param depth of the directory that holds it @returns `undefined` for a whiteout */
  nodeOf(candidate: Candidate, depth: number): InodeNode | undefined {
    if (candidate.kind === "nothing") return undefined;
    if (candidate.kind === "directory") return this.mergeDirectories(candidate.sources, depth + 1);
    const { layer, record, inode } = candidate;
    if (inode.linkCount <= 1) return leafNode(layer, inode);
    let linked = this.#linked.get(layer);
    if (linked === undefined) this.#linked.set(layer, (linked = new Map<number, InodeNode>()));
    const reference = metadataReference(record.inodeBlock, record.inodeOffset);
    const known = linked.get(reference);
    if (known !== undefined) {
      known.nameCount += 1;
      return known;
    }
    const node = leafNode(layer, inode);
    linked.set(reference, node);
    return node;
  }
}

/**
 * The node of a merged directory, whose attributes are the topmost one's.
 * @param inodeNumber 0 for a number that is given later
 */
export function directoryNode(
  sources: readonly DirectorySource[],
  children: Map<string, InodeNode>,
  inodeNumber: number,
): DirectoryNode {
  const [top] = sources;
  if (top === undefined) throw new RangeError("a directory without sources");
  const node = makeNode(top.layer, top.inode, { type: "directory" }, children);
  node.inodeNumber = inodeNumber;
  return node;
}

function checkDepth({ image: { limits, access } }: ComposedLayer, depth: number): void {
  if (depth > limits.depth) throw limitExceeded(access.label, "depth", limits.depth, depth);
}

/** What layers say about the names of one directory, as far as none of them hides the ones below it. */
export interface GatheredCandidates {
  readonly candidates: Map<string, Candidate>;
  /** Whether a layer hides everything below it. */
  readonly isOpaque: boolean;
  readonly scannedCount: number;
}

/** Looks through a directory of several layers. @param sources top first */
export function gatherCandidates(sources: readonly DirectorySource[]): GatheredCandidates {
  const candidates = new Map<string, Candidate>();
  let scannedCount = 0;
  for (const source of sources) {
    scannedCount += 1;
    if (scanDirectory(source, candidates)) return { candidates, isOpaque: true, scannedCount };
  }
  return { candidates, isOpaque: false, scannedCount };
}

/** All names of merged directories in the order of their bytes, so that the tables need no sorting. */
function sortedCandidates(sources: readonly DirectorySource[]): Iterable<[string, Candidate]> {
  const { candidates, scannedCount } = gatherCandidates(sources);
  if (scannedCount === 1) return candidates;
  return Array.from(candidates).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Adds what one layer says about a directory. @returns whether the layers below it do not count */
function scanDirectory(source: DirectorySource, candidates: Map<string, Candidate>): boolean {
  const { layer, inode } = source;
  let { isOpaque } = layer.xattrs(inode);
  const hidden: string[] = [];
  for (const record of layer.listing(inode)) {
    const name = readOverlayName(record.byteName);
    if (name.meaning === "entry") scanRecord(layer, record, candidates);
    else if (name.meaning === "opaque") isOpaque = true;
    else if (name.meaning === "whiteout") hidden.push(name.hides);
  }
  // an OCI whiteout hides what is below its layer, not what its own layer has under that name
  for (const byteName of hidden) closeCandidate(candidates, byteName);
  return isOpaque;
}

function scanRecord(layer: ComposedLayer, record: DirectoryRecord, candidates: Map<string, Candidate>): void {
  const above = candidates.get(record.byteName);
  if (above !== undefined && !(above.kind === "directory" && above.isOpen)) return;
  const inode = layer.inode(record);
  if (inode.kind === "directory") {
    if (above === undefined) {
      candidates.set(record.byteName, { kind: "directory", sources: [{ layer, inode }], isOpen: true });
    } else above.sources.push({ layer, inode });
    return;
  }
  if (above !== undefined) above.isOpen = false;
  else if (inode.kind === "char" && isWhiteoutDevice(inode)) candidates.set(record.byteName, NOTHING);
  else candidates.set(record.byteName, { kind: "entry", layer, record, inode });
}

function closeCandidate(candidates: Map<string, Candidate>, byteName: string): void {
  const candidate = candidates.get(byteName);
  if (candidate === undefined) candidates.set(byteName, NOTHING);
  else if (candidate.kind === "directory") candidate.isOpen = false;
}

/** What differs between kinds of inodes. */
type NodeParts = Pick<InodeNode, "type"> & Partial<Pick<InodeNode, "linkTarget" | "device" | "data">>;

function leafNode(layer: ComposedLayer, inode: Inode): InodeNode {
  switch (inode.kind) {
    case "file":
      return makeNode(layer, inode, { type: "file", data: layer.useFile(inode) }, undefined);
    case "symlink":
      return makeNode(layer, inode, { type: "symlink", linkTarget: Buffer.from(inode.target) }, undefined);
    case "char":
    case "block":
      return makeNode(layer, inode, { type: inode.kind, device: decodeDevice(inode.device) }, undefined);
    case "directory":
    case "fifo":
    case "socket":
      return makeNode(layer, inode, { type: inode.kind }, undefined);
  }
}

/** One literal for all kinds, so that all nodes have one shape. */
function makeNode<Children extends Map<string, InodeNode> | undefined>(
  layer: ComposedLayer,
  inode: Inode,
  parts: NodeParts,
  children: Children,
): InodeNode & { readonly children: Children } {
  const { tables } = layer.loaded;
  const { label } = layer.image.access;
  return {
    type: parts.type,
    mode: inode.mode,
    uid: idAt(tables, inode.uidIndex, label),
    gid: idAt(tables, inode.gidIndex, label),
    mtimeSeconds: inode.mtimeSeconds,
    xattrs: layer.xattrs(inode).kept,
    linkTarget: parts.linkTarget,
    device: parts.device,
    data: parts.data,
    nameCount: 1,
    inodeNumber: 0,
    children,
  };
}
