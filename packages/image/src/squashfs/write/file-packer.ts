import { AppError } from "@repo2singularity/base";
import type { EntryContent, TreeEntry } from "../../tree/entry.ts";
import { baseName } from "../../tree/normalize-path.ts";
import { readHostFile } from "../../tree/walk-directory.ts";
import type { CachedExtents, ExtentCache, ExtentKey, RecordedExtents } from "../extent-cache.ts";
import type { BlockCompression } from "./block-codec.ts";
import type { BlockQueue } from "./block-queue.ts";
import { contentKind } from "./content-kind.ts";
import { createQuickDigester, sha256Digester, type ContentDigester, type RunningDigest } from "./content-digest.ts";
import { ContentIndex } from "./content-index.ts";
import { ExtentCopier } from "./extent-copier.ts";
import { FileData } from "./file-data.ts";
import type { FragmentPacker } from "./fragment-packer.ts";
import type { OutputFile } from "./output-file.ts";

/** What a {@link FilePacker} works with. */
export interface FilePackerParts {
  readonly queue: BlockQueue;
  readonly output: OutputFile;
  readonly fragments: FragmentPacker;
  readonly blockSizeBytes: number;
  readonly blockCompression: BlockCompression;
  readonly extentCache: ExtentCache | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Blocks of a large content between which others may run: zeros need neither a thread nor the disk to wait for. */
const blocksPerTurn = 256;

/**
 * Turns contents into blocks and fragments, each different content once.
 *
 * A content of at most half the queue is held back until its digest is known, so that one that is there already costs
 * no compression. A larger one goes to the threads as it comes; if it turns out to be there already, what was written
 * of it is given up. Memory: one tail, and the index of contents.
 */
export class FilePacker {
  readonly #parts: FilePackerParts;
  readonly #digester: ContentDigester;
  readonly #contents = new ContentIndex();
  readonly #copier = new ExtentCopier();
  readonly #tail: Buffer;
  readonly #zeros: Buffer;

  constructor(parts: FilePackerParts) {
    this.#parts = parts;
    this.#digester = parts.extentCache === undefined ? createQuickDigester() : sha256Digester;
    this.#tail = Buffer.allocUnsafeSlow(parts.blockSizeBytes);
    this.#zeros = Buffer.alloc(parts.blockSizeBytes);
  }

  /**
   * Packs the content of a file.
   * @throws E_TREE_INVALID when the content has not the size the entry states
   */
  async pack(entry: TreeEntry): Promise<FileData> {
    const { content, sizeBytes } = entry;
    if (content === undefined || sizeBytes === 0) return new FileData(0, 0);
    if (sizeBytes < this.#parts.blockSizeBytes) return await this.#packSmall(entry, content);
    const known = await this.#packKnown(entry, content);
    return known ?? (await this.#packLarge(entry, content));
  }

  /** As {@link pack}, for a small file whose bytes are there; undefined when something must be waited for. */
  tryPackNow({ content, path, sizeBytes }: TreeEntry): FileData | undefined {
    if (content?.tryTake === undefined || sizeBytes >= this.#parts.blockSizeBytes) return undefined;
    const bytes = this.#parts.queue.hasRoom ? content.tryTake() : undefined;
    return bytes === undefined ? undefined : this.#addSmall(bytes, path);
  }

  /** What {@link ExtentCache.record} wants to know, when everything is written. */
  *recordedExtents(): Generator<RecordedExtents, void, undefined> {
    for (const [sha256, data] of this.#contents.entries()) {
      if (data.blockSizes.length === 0) continue;
      yield { key: this.#keyOf(sha256, data.sizeBytes), offset: data.blocksStart, blockSizes: data.blockSizes };
    }
  }

  close(): void {
    this.#copier.close();
  }

  async #packSmall(entry: TreeEntry, content: EntryContent): Promise<FileData> {
    const bytes = await this.#gather(entry, content);
    if (!this.#parts.queue.hasRoom) await this.#parts.queue.makeRoom();
    return this.#addSmall(bytes, entry.path);
  }

  /** The queue must have room for a block. */
  #addSmall(bytes: Uint8Array, path: string): FileData {
    const digest = this.#digester.digest(bytes);
    const earlier = this.#contents.find(digest);
    if (earlier !== undefined) return earlier;
    const data = new FileData(bytes.length, 0);
    data.fragment = this.#parts.fragments.addNow(bytes, contentKind(baseName(path)));
    this.#contents.add(digest, data);
    return data;
  }

  /** All bytes of a small file: the source's own memory when they come in one chunk. */
  async #gather(entry: TreeEntry, content: EntryContent): Promise<Uint8Array> {
    let filled = 0;
    for await (const chunk of content.stream()) {
      if (filled === 0 && chunk.length === entry.sizeBytes) return chunk;
      if (filled + chunk.length > entry.sizeBytes) throw wrongSize(entry, filled + chunk.length);
      this.#tail.set(chunk, filled);
      filled += chunk.length;
    }
    if (filled !== entry.sizeBytes) throw wrongSize(entry, filled);
    return this.#tail.subarray(0, filled);
  }

  /** With a cache and a file that can be read twice, the digest is taken before anything is compressed. */
  async #packKnown(entry: TreeEntry, content: EntryContent): Promise<FileData | undefined> {
    const { extentCache } = this.#parts;
    if (extentCache === undefined || content.hostPath === undefined) return undefined;
    const digest = this.#digester.start();
    const tailSize = entry.sizeBytes % this.#parts.blockSizeBytes;
    let at = 0;
    for await (const chunk of readHostFile(content.hostPath, entry.sizeBytes)) {
      digest.update(chunk);
      const tailStart = entry.sizeBytes - tailSize;
      if (at + chunk.length > tailStart) {
        const from = Math.max(0, tailStart - at);
        this.#tail.set(chunk.subarray(from), at + from - tailStart);
      }
      at += chunk.length;
    }
    const sha256 = digest.finish();
    return this.#contents.find(sha256) ?? (await this.#copyExtents(entry, sha256, tailSize));
  }

  /** The tail of the file must lie in the tail buffer. */
  async #copyExtents(entry: TreeEntry, sha256: string, tailSize: number): Promise<FileData | undefined> {
    const cached = this.#parts.extentCache?.find(this.#keyOf(sha256, entry.sizeBytes));
    const blockCount = Math.floor(entry.sizeBytes / this.#parts.blockSizeBytes);
    if (cached === undefined || cached.blockSizes.length !== blockCount) return undefined;
    const blocks = this.#copier.read(cached);
    if (blocks === undefined) return undefined;
    const data = new FileData(entry.sizeBytes, blockCount);
    await this.#stageStored(data, blocks, cached);
    if (tailSize > 0) {
      const tail = this.#tail.subarray(0, tailSize);
      data.fragment = await this.#parts.fragments.add(tail, contentKind(baseName(entry.path)));
    }
    this.#contents.add(sha256, data);
    return data;
  }

  async #stageStored(data: FileData, blocks: readonly Uint8Array[], cached: CachedExtents): Promise<void> {
    const { queue, output } = this.#parts;
    for (const [index, block] of blocks.entries()) {
      const sizeField = cached.blockSizes[index] ?? 0;
      if (sizeField === 0) {
        data.sparseBytes += this.#parts.blockSizeBytes;
        continue;
      }
      if (!queue.hasRoom) await queue.makeRoom();
      if (output.isBehind) await output.settle();
      queue.slot().set(block);
      queue.stage(block.length, data, index, sizeField);
      queue.publish();
    }
  }

  async #packLarge(entry: TreeEntry, content: EntryContent): Promise<FileData> {
    const { queue, output, blockSizeBytes } = this.#parts;
    const data = new FileData(entry.sizeBytes, Math.floor(entry.sizeBytes / blockSizeBytes));
    const isHeldBack = data.blockSizes.length <= queue.slotCount / 2;
    const mayBeKnown = !isHeldBack && this.#contents.hasSize(entry.sizeBytes);
    if (mayBeKnown) await queue.drain();
    const start = output.position;

    const running = this.#digester.start();
    const tailSize = await this.#fillBlocks(entry, content, data, { running, isHeldBack });
    const digest = running.finish();
    const earlier = this.#contents.find(digest);
    if (earlier !== undefined) {
      queue.unstage();
      if (mayBeKnown) {
        await queue.drain();
        await output.rewind(start);
      }
      return earlier;
    }
    if (isHeldBack) {
      const copied = await this.#copyInstead(entry, digest, tailSize);
      if (copied !== undefined) return copied;
    }
    queue.publish();
    if (tailSize > 0) {
      const tail = this.#tail.subarray(0, tailSize);
      data.fragment = await this.#parts.fragments.add(tail, contentKind(baseName(entry.path)));
    }
    this.#contents.add(digest, data);
    return data;
  }

  async #copyInstead(entry: TreeEntry, sha256: string, tailSize: number): Promise<FileData | undefined> {
    if (this.#parts.extentCache?.find(this.#keyOf(sha256, entry.sizeBytes)) === undefined) return undefined;
    this.#parts.queue.unstage();
    return await this.#copyExtents(entry, sha256, tailSize);
  }

  /** Stages the full blocks of a content and leaves its tail in the tail buffer. @returns the tail's size */
  async #fillBlocks(
    entry: TreeEntry,
    content: EntryContent,
    data: FileData,
    { running, isHeldBack }: { readonly running: RunningDigest; readonly isHeldBack: boolean },
  ): Promise<number> {
    const { queue, output, blockSizeBytes } = this.#parts;
    let index = 0;
    let filled = 0;
    let total = 0;
    let slot: Uint8Array | undefined;
    for await (const chunk of content.stream()) {
      running.update(chunk);
      total += chunk.length;
      if (total > entry.sizeBytes) throw wrongSize(entry, total);
      for (let at = 0; at < chunk.length;) {
        if (slot === undefined && index < data.blockSizes.length) {
          if (!queue.hasRoom) await queue.makeRoom();
          if (output.isBehind) await output.settle();
          slot = queue.slot();
        }
        const target = slot ?? this.#tail;
        const part = chunk.subarray(at, at + blockSizeBytes - filled);
        target.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < blockSizeBytes) continue;
        if (this.#isZero(target)) data.sparseBytes += blockSizeBytes;
        else queue.stage(blockSizeBytes, data, index);
        index++;
        filled = 0;
        slot = undefined;
        if (isHeldBack) continue;
        queue.publish();
        if (index % blocksPerTurn === 0) await this.#letOthersRun();
      }
    }
    if (total !== entry.sizeBytes) throw wrongSize(entry, total);
    return filled;
  }

  /** An abort comes as an event, so it is only seen when events are handled. */
  async #letOthersRun(): Promise<void> {
    await new Promise(setImmediate);
    this.#parts.signal?.throwIfAborted();
  }

  #isZero(block: Uint8Array): boolean {
    return block[0] === 0 && this.#zeros.equals(block);
  }

  #keyOf(contentSha256: string, sizeBytes: number): ExtentKey {
    const { blockSizeBytes, blockCompression } = this.#parts;
    return { contentSha256, sizeBytes, blockSizeBytes, ...blockCompression };
  }
}

function wrongSize(entry: TreeEntry, found: number): AppError {
  return new AppError(
    "E_TREE_INVALID",
    `${entry.path}: ${entry.sizeBytes} bytes of content expected, ${found} or more found`,
  );
}
