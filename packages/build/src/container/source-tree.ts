import { readlinkSync } from "node:fs";
import { decodeName, hostPath } from "@repo2singularity/image";
import { globExpression, hasWildcard } from "@repo2singularity/recipe/container";
import type { Checkout, CheckoutFile } from "@repo2singularity/source";
import { MergedLowers } from "../layer/merged-lowers.ts";

/** An entry of a tree that files are copied from. */
export interface SourceItem {
  /** Relative to the tree's root; the root itself is empty. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  /** Where it lies on this host. */
  readonly host: string | Buffer;
  /** Text of a link. */
  readonly linkTarget?: string;
}

/** A tree that files are copied from: the repository, or what the layers of a stage show together. */
export interface SourceTree {
  /** The entry at a path, links on the way not followed; `undefined` when there is none. */
  find(path: string): SourceItem | undefined;
  /** Names in a folder, sorted. */
  names(path: string): readonly string[];
}

/** The files of a checkout that its ignore files leave. */
export async function contextTree(checkout: Checkout): Promise<SourceTree> {
  const { directory } = checkout;
  const root: SourceItem = { path: "", type: "directory", mode: 0o755, host: directory };
  const files = new Map<string, CheckoutFile>();
  const names = new Map<string, string[]>();
  for (const file of await checkout.files()) {
    const { path } = file;
    files.set(path, file);
    const slash = path.lastIndexOf("/");
    const folder = path.slice(0, Math.max(0, slash));
    const own = names.get(folder);
    if (own === undefined) names.set(folder, [path.slice(slash + 1)]);
    else own.push(path.slice(slash + 1)); // a folder may have a million files
  }
  // items are made when they are asked for: a path on this host for each of a million files is a lot of text
  const find = (path: string): SourceItem | undefined => {
    const file = files.get(path);
    return file === undefined ? undefined : { ...file, host: hostPath(directory, path) };
  };
  return { find: (path) => (path === "" ? root : find(path)), names: (path) => names.get(path) ?? [] };
}

/** What unpacked layers, bottom first, show together. Devices, pipes and sockets are left out. */
export function layersTree(trees: readonly string[]): SourceTree & { readonly madeFolder: (path: string) => void } {
  const lowers = new MergedLowers(trees);
  return {
    /** To be told of folders that are made in one of the trees meanwhile. */
    madeFolder: (path) => lowers.forgetFolder(path),
    find: (path) => itemOf(lowers, path),
    names: (path) => lowers.names(path).toSorted(),
  };
}

function itemOf(lowers: MergedLowers, path: string): SourceItem | undefined {
  const found = path === "" ? lowers.root() : lowers.find(path);
  if (found === undefined) return undefined;
  const { stats, path: host } = found;
  const mode = stats.mode & 0o7777;
  if (stats.isDirectory()) return { path, type: "directory", mode, host };
  if (stats.isFile()) return { path, type: "file", mode, host };
  if (!stats.isSymbolicLink()) return undefined;
  return { path, type: "symlink", mode, host, linkTarget: decodeName(readlinkSync(host, { encoding: "buffer" })) };
}

/** As many links as the kernel follows on one path. */
const linkLimit = 40;

/**
 * A path with every link on it followed inside the tree, as if the tree were the whole system; parts that are not there
 * stay as they are.
 * @param path relative or absolute
 * @returns relative to the root; `undefined` when links lead in a circle
 */
export function resolvePath(tree: Pick<SourceTree, "find">, path: string): string | undefined {
  const waiting = path.split("/").reverse();
  let place = "";
  let linkCount = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      place = place.slice(0, Math.max(0, place.lastIndexOf("/")));
      continue;
    }
    const next = place === "" ? part : `${place}/${part}`;
    const item = tree.find(next);
    if (item?.type !== "symlink") {
      place = next;
      continue;
    }
    if (++linkCount > linkLimit) return undefined;
    const target = item.linkTarget ?? "";
    if (target.startsWith("/")) place = "";
    waiting.push(...target.split("/").reverse());
  }
  return place;
}

/** A path that a source names: as it is written, and the entry it leads to. */
export interface MatchedItem {
  readonly name: string;
  readonly item: SourceItem;
}

/**
 * What a source of a copy matches, sorted; links are followed, inside the tree.
 * @param pattern relative to the root, normalized; with Docker's wildcards
 */
export function matchItems(tree: SourceTree, pattern: string): readonly MatchedItem[] {
  let found = [""];
  for (const part of pattern.split("/").filter((one) => one !== "")) {
    found = found.flatMap((folder) => expandPart(tree, folder, part));
  }
  return [...new Set(found)].flatMap((name) => {
    const place = resolvePath(tree, name);
    const item = place === undefined ? undefined : tree.find(place);
    return item === undefined ? [] : [{ name, item }];
  });
}

function expandPart(tree: SourceTree, folder: string, part: string): string[] {
  const inside = (name: string): string => (folder === "" ? name : `${folder}/${name}`);
  if (part === "**") return [folder, ...foldersBelow(tree, folder)];
  if (!hasWildcard(part)) return [inside(part.replaceAll(/\\(.)/gsu, "$1"))];
  const place = resolvePath(tree, folder);
  if (place === undefined) return [];
  const expression = new RegExp(`^${globExpression(part, { stopsAtSlash: true })}$`, "su");
  return tree
    .names(place)
    .filter((name) => expression.test(name))
    .map(inside);
}

function foldersBelow(tree: SourceTree, folder: string): string[] {
  return tree.names(folder).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    return tree.find(path)?.type === "directory" ? [path, ...foldersBelow(tree, path)] : [];
  });
}

/** An entry and everything below it, folders before what is in them. */
export function* walkItems(tree: SourceTree, item: SourceItem): Generator<SourceItem, void, undefined> {
  yield item;
  if (item.type !== "directory") return;
  for (const name of tree.names(item.path)) {
    const below = tree.find(item.path === "" ? name : `${item.path}/${name}`);
    if (below !== undefined) yield* walkItems(tree, below);
  }
}
