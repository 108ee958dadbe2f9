import { AppError } from "@repo2singularity/base";
import { IMAGE_PADDING_BYTES, superblockLayout } from "../layout.ts";
import type { SquashfsImage } from "../squashfs-image.ts";
import type { FragmentRow } from "../write/fragment-packer.ts";
import { encodeCompressorOptions, encodeSuperblock } from "../write/superblock-encoder.ts";
import { appendTables, type TableOutput, type TablePlaces } from "../write/table-appender.ts";
import { buildTreeTables, type TreeTables } from "../write/tree-tables.ts";
import type { DirectoryNode } from "../write/tree-model.ts";
import { ComposedLayer } from "./composed-layer.ts";
import { Composition, type CompositionPiece } from "./composition.ts";
import { mergeTrees } from "./merge-trees.ts";
import { unifyLayers } from "./recode-layers.ts";
import { chooseFormat, type FormatRequest, type TargetFormat } from "./target-format.ts";

/** How layers become one image. */
export interface ComposeOptions extends FormatRequest {
  /** The image's own time, seconds since 1970; the topmost layer's when left out. */
  readonly mtimeSeconds?: number;
  /** A folder for layers that must be recoded; without it such layers are an error. */
  readonly scratchDirectory?: string;
  /** Threads that compress when a layer is recoded. */
  readonly workerCount?: number;
  readonly signal?: AbortSignal;
}

/**
 * Plans one image out of layers: the compressed blocks that surviving files use, copied as they are in the order of
 * the layers, and fresh tables behind them.
 *
 * The image shows what the kernel's overlay of the layers shows; whiteouts (overlay and OCI form), opaque marks and
 * overlay attributes are obeyed and left out. It depends on the layers and options alone.
 * Memory: the layers' tables and about a kilobyte for each entry of the result, freed but for the new tables.
 *
 * @param layers bottom first, at least one; they stay open, and must stay so while the composition is used
 * @returns a plan that must be closed when layers were recoded
 * @throws E_USAGE without layers, or when a layer must be recoded and no scratch folder is given
 * @throws E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED, E_LIMIT_EXCEEDED for damaged layers
 * @throws E_TREE_INVALID for overlay redirects, E_SQUASHFS_TOO_MANY_IDS
 * @example
 * await using composition = await planComposition([base, packages, content]);
 * await writeComposition(composition, "image.sqfs");
 */
export async function planComposition(
  layers: readonly SquashfsImage[],
  options: ComposeOptions = {},
): Promise<Composition> {
  const top = layers.at(-1);
  if (top === undefined) throw new AppError("E_USAGE", "an image cannot be composed of no layers");
  const format = chooseFormat(layers, options);
  const { scratchDirectory, workerCount, signal } = options;
  const uniform = await unifyLayers(layers, {
    format,
    ...(scratchDirectory === undefined ? {} : { scratchDirectory }),
    ...(workerCount === undefined ? {} : { workerCount }),
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const composed: ComposedLayer[] = [];
    for (const image of uniform.layers) {
      signal?.throwIfAborted();
      composed.push(new ComposedLayer(image, await image.load()));
    }
    const mtimeSeconds = options.mtimeSeconds ?? top.superblock.mtimeSeconds;
    const root = mergeTrees(composed.toReversed());
    const { pieces, inodeCount } = layOutImage(composed, root, format, mtimeSeconds);
    return new Composition({ pieces, inodeCount, notes: uniform.notes, release: () => uniform.release() });
  } catch (error) {
    await uniform.release();
    throw error;
  }
}

function layOutImage(
  layers: readonly ComposedLayer[],
  root: DirectoryNode,
  format: TargetFormat,
  mtimeSeconds: number,
): { readonly pieces: readonly CompositionPiece[]; readonly inodeCount: number } {
  const compressorOptions = encodeCompressorOptions(format.blockCompression);
  const dataStart = superblockLayout.sizeBytes + compressorOptions.length;
  const data = layOutData(layers, dataStart);
  const tables = buildTreeTables(root, format.blockCompression);
  const output = new TableBuffer(data.end);
  const places = appendTables(output, tables, data.fragments, format.blockCompression);
  const superblock = encodeHeader({ tables, places, format, mtimeSeconds, bytesUsed: output.position, data });
  output.pad();
  return {
    inodeCount: tables.inodeCount,
    pieces: [
      bytesPiece(0, Buffer.concat([superblock, compressorOptions])),
      ...data.pieces,
      bytesPiece(data.end, output.bytes()),
    ],
  };
}

interface PlacedData {
  readonly pieces: readonly CompositionPiece[];
  readonly fragments: readonly FragmentRow[];
  /** Address behind the last block. */
  readonly end: number;
}

function layOutData(layers: readonly ComposedLayer[], dataStart: number): PlacedData {
  const pieces: CompositionPiece[] = [];
  const fragments: FragmentRow[] = [];
  let end = dataStart;
  for (const [index, layer] of layers.entries()) {
    const extents = layer.placeExtents(end);
    for (const row of layer.placeFiles(extents, fragments.length)) fragments.push(row);
    for (const { from, length, to } of extents.ranges) {
      const source = { kind: "layer", layer: index, access: layer.image.access, offset: from } as const;
      pieces.push({ offset: to, sizeBytes: length, source });
    }
    end = extents.end;
  }
  return { pieces, fragments, end };
}

function encodeHeader(parts: {
  readonly tables: TreeTables;
  readonly places: TablePlaces;
  readonly format: TargetFormat;
  readonly mtimeSeconds: number;
  readonly bytesUsed: number;
  readonly data: PlacedData;
}): Buffer {
  const { tables, format } = parts;
  return encodeSuperblock({
    ...parts.places,
    inodeCount: tables.inodeCount,
    mtimeSeconds: Math.min(0xffff_ffff, Math.max(0, Math.floor(parts.mtimeSeconds))),
    blockSizeBytes: format.blockSizeBytes,
    fragmentCount: parts.data.fragments.length,
    compression: format.blockCompression.compression,
    idCount: tables.ids.count,
    rootReference: tables.rootReference,
    bytesUsed: parts.bytesUsed,
  });
}

function bytesPiece(offset: number, bytes: Uint8Array): CompositionPiece {
  return { offset, sizeBytes: bytes.length, source: { kind: "bytes", bytes } };
}

/** Collects the tables that stand behind the data. */
class TableBuffer implements TableOutput {
  readonly #parts: Uint8Array[] = [];
  #position: number;

  /** @param start address in the image of the first table */
  constructor(start: number) {
    this.#position = start;
  }

  get position(): number {
    return this.#position;
  }

  append(bytes: Uint8Array): number {
    const address = this.#position;
    this.#parts.push(bytes);
    this.#position += bytes.length;
    return address;
  }

  /** Fills the image up to a whole number of device blocks. */
  pad(): void {
    this.append(Buffer.alloc((IMAGE_PADDING_BYTES - (this.#position % IMAGE_PADDING_BYTES)) % IMAGE_PADDING_BYTES));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
