import type { TreeEntry } from "@repo2singularity/image";
import { softwareTimeSeconds } from "../pipeline/group-key.ts";
import { contentOf } from "./observe-base.ts";
import { compareTreeOrder } from "./tree-order.ts";

/** Folders whose content belongs to a running system: every executor and runtime puts its own over them. */
const emptiedFolders = ["dev", "proc", "sys", "run", "tmp", "var/tmp"];

/** What identifies one machine, or one container engine, and is no part of the software. */
const droppedFiles = new Set(["etc/machine-id", "var/lib/dbus/machine-id", ".dockerenv", "run/.containerenv"]);

/** What steps and runtimes mount something over, or write to; added when missing. */
const requiredFolders: readonly (readonly [path: string, mode: number])[] = [
  ["dev", 0o755],
  ["etc", 0o755],
  ["home", 0o755],
  ["mnt", 0o755],
  ["opt", 0o755],
  ["proc", 0o755],
  ["root", 0o700],
  ["run", 0o755],
  ["srv", 0o755],
  ["sys", 0o755],
  ["tmp", 0o1777],
  ["usr", 0o755],
  ["usr/bin", 0o755],
  ["usr/local", 0o755],
  ["var", 0o755],
  ["var/tmp", 0o1777],
];

const requiredFiles: readonly (readonly [path: string, content: string])[] = [
  ["etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"],
  ["etc/resolv.conf", ""],
];

/**
 * The entries of any root tree as those of a base: owned by root, of one time, with the folders and files that
 * steps need, without device nodes, sockets, and what lies in folders of a running system. Permission bits, setuid
 * ones among them, and links such as `/bin` stay. Of extended attributes only `user.` ones stay, without those
 * of overlay filesystems: capabilities and labels mean nothing in an image that has one owner.
 *
 * What is added comes at its place of a tree that is read in tree order, so that a base which is made of a base is the
 * same. Of entries in another order an added one may come before the real one, which counts because it comes later.
 * Memory: the required paths.
 */
export async function* normalizeBase(entries: AsyncIterable<TreeEntry>): AsyncGenerator<TreeEntry, void, undefined> {
  const missing = [...requiredEntries];
  for await (const entry of entries) {
    if (!belongsToBase(entry)) continue;
    while (missing[0] !== undefined && compareTreeOrder(missing[0].path, entry.path) < 0) yield* missing.splice(0, 1);
    const place = missing.findIndex((one) => one.path === entry.path);
    if (place !== -1) missing.splice(place, 1);
    yield normalizeEntry(entry);
  }
  yield* missing;
}

const added = { uid: 0, gid: 0, mtimeSeconds: softwareTimeSeconds, sizeBytes: 0 } as const;

const requiredEntries: readonly TreeEntry[] = [
  ...requiredFolders.map(([path, mode]) => ({ ...added, path, type: "directory", mode }) as const),
  ...requiredFiles.map(([path, text]) => {
    const bytes = Buffer.from(text);
    const content = bytes.length === 0 ? {} : { content: contentOf(bytes) };
    return { ...added, path, type: "file", mode: 0o644, sizeBytes: bytes.length, ...content } as const;
  }),
].sort((a, b) => compareTreeOrder(a.path, b.path));

function belongsToBase({ path, type }: TreeEntry): boolean {
  if (type === "char" || type === "block" || type === "socket") return false;
  if (droppedFiles.has(path)) return false;
  return !emptiedFolders.some((folder) => path.startsWith(`${folder}/`));
}

function normalizeEntry(entry: TreeEntry): TreeEntry {
  const { xattrs, ...rest } = entry;
  const kept = [...(xattrs ?? [])].filter(([name]) => name.startsWith("user.") && !/overlay/.test(name));
  return {
    ...rest,
    uid: 0,
    gid: 0,
    mtimeSeconds: softwareTimeSeconds,
    ...(kept.length === 0 ? {} : { xattrs: new Map(kept) }),
  };
}
