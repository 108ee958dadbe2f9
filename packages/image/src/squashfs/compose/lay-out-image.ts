import { IMAGE_PADDING_BYTES, superblockLayout } from "../layout.ts";
import type { FragmentRow } from "../write/fragment-packer.ts";
import { encodeCompressorOptions, encodeSuperblock } from "../write/superblock-encoder.ts";
import { appendTables, type TableOutput, type TablePlaces } from "../write/table-appender.ts";
import { buildTreeTables, type TableStart, type TreeTables } from "../write/tree-tables.ts";
import type { DirectoryNode } from "../write/tree-model.ts";
import type { ComposedLayer } from "./composed-layer.ts";
import type { CompositionPiece } from "./composition.ts";
import type { TargetFormat } from "./target-format.ts";

/** What an image is made of. */
export interface ImageParts {
  /** Bottom first; those of a lower image not among them. */
  readonly layers: readonly ComposedLayer[];
  readonly root: DirectoryNode;
  readonly format: TargetFormat;
  /** Seconds since 1970. */
  readonly mtimeSeconds: number;
  /** An image that the layers are added to. */
  readonly lower?: { readonly data: PlacedData; readonly tables: TableStart };
}

/** Data blocks in the place they have in the image. */
export interface PlacedData {
  readonly pieces: readonly CompositionPiece[];
  readonly fragments: readonly FragmentRow[];
  /** Address behind the last block. */
  readonly end: number;
  /** Layers that the pieces come from. */
  readonly layerCount: number;
}

/** Address of the first data block of images that are composed. */
export function dataStartOf(format: TargetFormat): number {
  return superblockLayout.sizeBytes + encodeCompressorOptions(format.blockCompression).length;
}

/** Lays out data, then tables; the pieces follow each other without gaps. */
export function layOutImage({ layers, root, format, mtimeSeconds, lower }: ImageParts): {
  readonly pieces: readonly CompositionPiece[];
  readonly inodeCount: number;
} {
  const compressorOptions = encodeCompressorOptions(format.blockCompression);
  const nothing: PlacedData = { pieces: [], fragments: [], end: dataStartOf(format), layerCount: 0 };
  const data = layOutData(layers, lower?.data ?? nothing);
  const tables = buildTreeTables(root, format.blockCompression, lower?.tables);
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

function layOutData(layers: readonly ComposedLayer[], below: PlacedData): PlacedData {
  const pieces: CompositionPiece[] = [...below.pieces];
  const fragments: FragmentRow[] = [...below.fragments];
  let { end } = below;
  for (const [index, layer] of layers.entries()) {
    const extents = layer.placeExtents(end);
    for (const row of layer.placeFiles(extents, fragments.length)) fragments.push(row);
    for (const { from, length, to } of extents.ranges) {
      const source = {
        kind: "layer",
        layer: below.layerCount + index,
        access: layer.image.access,
        offset: from,
      } as const;
      pieces.push({ offset: to, sizeBytes: length, source });
    }
    end = extents.end;
  }
  return { pieces, fragments, end, layerCount: below.layerCount + layers.length };
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
