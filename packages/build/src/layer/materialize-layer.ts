import { chmod, mkdtemp, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { extractTree, hostPath, openSquashfs, parentPath, type TreeEntry } from "@repo2singularity/image";
import type { ExecutorHost } from "../executor/host.ts";
import { writePrograms } from "../native/write-programs.ts";
import { removeTree } from "../tree/remove-tree.ts";
import { makeWhiteouts } from "./whiteouts.ts";

/** What unpacking a layer needs. */
export interface MaterializeLayerOptions {
  readonly host: ExecutorHost;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks a layer into a folder that can be a lower tree of steps: everything owned by this user, removed
 * files as character devices 0:0. Gives what `captureLayer` left in the upper folder of the same layer.
 *
 * @param layerPath a squashfs layer
 * @param folder an empty folder, on a filesystem that keeps permissions
 * @throws what reading the image throws; E_INTERNAL when the layer has an opaque folder, which no layer of ours has
 */
export async function materializeLayer(
  layerPath: string,
  folder: string,
  options: MaterializeLayerOptions,
): Promise<void> {
  const { host, signal } = options;
  const later: LaterWork = { whiteouts: [], folders: new Map() };
  const image = await openSquashfs(layerPath);
  try {
    await extractTree(plainEntries(image.entries(), later, layerPath), folder, {
      ownership: "mine",
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await image.close();
  }
  await addWhiteouts(host, folder, later.whiteouts);
  for (const path of new Set(later.whiteouts.map(parentPath))) {
    const seconds = later.folders.get(path)?.mtimeSeconds ?? 0;
    await utimes(hostPath(folder, path), seconds, seconds);
  }
  const closed = [...later.folders.values()].filter(isClosed);
  for (const { path, mode } of closed.toReversed()) await chmod(hostPath(folder, path), mode); // children first
}

/** What extraction cannot do by itself. */
interface LaterWork {
  readonly whiteouts: string[];
  readonly folders: Map<string, TreeEntry>;
}

/** Leaves whiteouts out and folders open, and remembers both. */
async function* plainEntries(
  entries: AsyncIterable<TreeEntry>,
  later: LaterWork,
  layerPath: string,
): AsyncGenerator<TreeEntry, void, undefined> {
  for await (const entry of entries) {
    if (entry.type === "char" && entry.device?.major === 0 && entry.device.minor === 0) {
      later.whiteouts.push(entry.path);
    } else if (entry.type === "directory") {
      if (entry.xattrs?.has("user.overlay.opaque") === true || entry.xattrs?.has("trusted.overlay.opaque") === true) {
        throw new AppError(
          "E_INTERNAL",
          `layer ${layerPath}: /${entry.path} is opaque, which a captured layer never is`,
        );
      }
      later.folders.set(entry.path, entry);
      yield isClosed(entry) ? { ...entry, mode: entry.mode | 0o700 } : entry;
    } else {
      yield entry;
    }
  }
}

function isClosed(entry: TreeEntry): boolean {
  return (entry.mode & 0o700) !== 0o700;
}

async function addWhiteouts(host: ExecutorHost, folder: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const tools = await mkdtemp(join(dirname(folder), ".whiteouts-"));
  try {
    const { whiteout } = await writePrograms(tools, host.processor, ["whiteout"]);
    await makeWhiteouts(host, whiteout, folder, paths);
  } finally {
    await removeTree(host, tools);
  }
}
