import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { decompressStream, readTar, type TreeEntry } from "@repo2singularity/image";
import type { OciLayer } from "@repo2singularity/registry";
import { HiddenPaths, whiteoutOf } from "./hidden-paths.ts";

/**
 * The tree of an image's layers as one stream of entries, each path once. Layers are read from the top down, so
 * that each is read once, as it comes from the registry, and only what is visible goes on.
 * Memory: every path. Disk: the files of a layer that a layer above hides, since a further name of one may follow.
 *
 * @param scratchDir folder on this machine for hidden files; made when one is needed, removed by the caller
 * @throws E_OCI_DIGEST_MISMATCH, E_TAR_INVALID, E_TAR_TRUNCATED and what the layer's source throws
 */
export async function* mergeLayers(
  layers: readonly OciLayer[],
  scratchDir: string,
  signal?: AbortSignal,
): AsyncGenerator<TreeEntry, void, undefined> {
  const hidden = new HiddenPaths();
  for (const [index, layer] of layers.toReversed().entries()) {
    const seen = new Map<string, TreeEntry["type"]>();
    const spool = new HiddenFiles(join(scratchDir, String(index)));
    const options = signal === undefined ? {} : { signal };
    for await (const entry of readTar(decompressStream(layer.open(signal)), options)) {
      seen.set(entry.path, entry.type);
      if (whiteoutOf(entry.path) !== undefined) continue;
      if (hidden.isHidden(entry.path, entry.type)) await spool.keep(entry);
      else yield spool.withOwnContent(entry);
    }
    hidden.addLayer(seen);
  }
}

/** Files of one layer that are hidden by their name, for further names that are not. */
class HiddenFiles {
  readonly #folder: string;
  /** The file under its visible name, by its hidden one. */
  readonly #files = new Map<string, TreeEntry>();
  /** The visible name that took a hidden file's place, by the hidden name. */
  readonly #moved = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async keep(entry: TreeEntry): Promise<void> {
    if (entry.type === "hardlink") {
      const first = this.#files.get(entry.linkTarget ?? "");
      if (first !== undefined) this.#files.set(entry.path, first);
    }
    if (entry.type !== "file") return;
    const { content, ...facts } = entry;
    if (content === undefined) {
      this.#files.set(entry.path, facts);
      return;
    }
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, String(this.#files.size));
    await pipeline(Readable.from(content.stream()), createWriteStream(path, { mode: 0o600 }));
    this.#files.set(entry.path, { ...facts, content: { stream: () => createReadStream(path) } });
  }

  /** The first visible name of a hidden file becomes the file, the next ones become its further names. */
  withOwnContent(entry: TreeEntry): TreeEntry {
    if (entry.type !== "hardlink" || entry.linkTarget === undefined) return entry;
    const file = this.#files.get(entry.linkTarget);
    if (file === undefined) return entry;
    const moved = this.#moved.get(file.path);
    if (moved !== undefined) return { ...entry, linkTarget: moved };
    this.#moved.set(file.path, entry.path);
    return { ...file, path: entry.path };
  }
}
