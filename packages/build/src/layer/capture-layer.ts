import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TreeEntry, walkDirectory, writeSquashfs, type WriteSquashfsOptions } from "@repo2singularity/image";
import type { ExecutorHost } from "../executor/host.ts";
import { settleUpper } from "./settle-upper.ts";

/** How a layer is captured: the settings of the squashfs writer, and what the upper folder lies over. */
export interface CaptureLayerOptions extends WriteSquashfsOptions {
  readonly host: ExecutorHost;
  /** The trees below, bottom first, as the executor had them. */
  readonly lowerTrees: readonly string[];
  /** Time of everything in the layer, in seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Entries that the upper folder may have; `defaultMaxFiles` when left out. */
  readonly maxFiles?: number | undefined;
}

/** A captured layer. */
export interface LayerSummary {
  readonly sizeBytes: number;
  /** sha256 of the file, 64 hexadecimal digits. */
  readonly digestHex: string;
  readonly inodeCount: number;
  /** Whether nothing differs from the trees below. */
  readonly isEmpty: boolean;
}

/**
 * Writes what steps left in an upper folder as a squashfs layer: owned by root, with one time and no extended
 * attributes, removed files as character devices 0:0, nothing that is as below. Same steps, same bytes, also
 * by another executor and another user.
 *
 * The upper folder is settled on the way and afterwards is the unpacked layer: it can be kept, by renaming
 * it, as a lower tree of later steps. Memory as `writeSquashfs`, and about 300 bytes for every entry.
 *
 * @throws E_LIMIT_EXCEEDED for more entries than may be
 * @param outPath its folder also takes small files of the work, which are removed
 */
export async function captureLayer(
  upper: string,
  outPath: string,
  options: CaptureLayerOptions,
): Promise<LayerSummary> {
  const { host, lowerTrees, mtimeSeconds, signal, maxFiles, ...format } = options;
  const waiting = signal === undefined ? {} : { signal };
  const scratchDir = await mkdtemp(join(dirname(outPath), ".capture-"));
  try {
    const settled = await settleUpper(upper, { host, lowerTrees, scratchDir, mtimeSeconds, maxFiles, ...waiting });
    try {
      const { entries, count } = countEntries(layerEntries(upper, settled.closedModes, mtimeSeconds, signal));
      const written = await writeSquashfs(entries, outPath, { ...format, mtimeSeconds, ...waiting });
      const { sizeBytes, digestHex, inodeCount } = written;
      return { sizeBytes, digestHex, inodeCount, isEmpty: count() <= 1 };
    } finally {
      settled.close();
    }
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function* layerEntries(
  upper: string,
  closedModes: ReadonlyMap<string, number>,
  fixedSeconds: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeEntry, void, undefined> {
  const walk = walkDirectory(upper, {
    ownership: "root",
    mtime: { fixedSeconds },
    xattrs: "none",
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const entry of walk) {
    const mode = closedModes.get(entry.path);
    yield mode === undefined ? entry : { ...entry, mode };
  }
}

function countEntries(source: AsyncIterable<TreeEntry>): { entries: AsyncIterable<TreeEntry>; count: () => number } {
  let count = 0;
  const counted = async function* (): AsyncGenerator<TreeEntry, void, undefined> {
    for await (const entry of source) {
      count += 1;
      yield entry;
    }
  };
  return { entries: counted(), count: () => count };
}
