import type { RandomAccess } from "../../access/random-access.ts";
import { Composition, type CompositionPiece } from "./composition.ts";

/** Raised when equal layers would give another composition than before, or are written down in another way. */
export const savedCompositionVersion = 1;

/** Rows of the list of pieces: layer (-1 for made bytes), offset in the layer, size. */
const ROW_NUMBERS = 3;
const MADE_BYTES = -1;

/**
 * Writes a composition down without the bytes that its layers have: it can be had again from the same layers.
 * @returns the size of the list in 8 bytes, a list of 24 bytes a piece, the made bytes
 */
export function saveComposition(composition: Composition): Uint8Array {
  const rows = new Float64Array(2 + composition.pieces.length * ROW_NUMBERS);
  rows.set([composition.pieces.length, composition.inodeCount]);
  const made: Uint8Array[] = [];
  for (const [index, { source, sizeBytes }] of composition.pieces.entries()) {
    if (source.kind === "bytes") made.push(source.bytes);
    const from = source.kind === "bytes" ? [MADE_BYTES, 0] : [source.layer, source.offset];
    rows.set([...from, sizeBytes], 2 + index * ROW_NUMBERS);
  }
  return Buffer.concat([Buffer.from(rows.buffer), ...made]);
}

/**
 * The composition that was saved. The bytes may come from anybody: nothing outside the layers is ever read.
 * @param layers the same as when it was planned, in the same order
 * @returns `undefined` when the bytes are no composition of so many layers
 */
export function tryLoadComposition(saved: Uint8Array, layers: readonly RandomAccess[]): Composition | undefined {
  const view = new DataView(saved.buffer, saved.byteOffset, saved.byteLength);
  const numberAt = (index: number): number => view.getFloat64(index * 8, true);
  const pieceCount = saved.length < 16 ? 0 : numberAt(0);
  const listBytes = (2 + pieceCount * ROW_NUMBERS) * 8;
  if (!Number.isSafeInteger(pieceCount) || pieceCount < 1 || listBytes > saved.length) return undefined;
  const pieces: CompositionPiece[] = [];
  let position = 0;
  let madeStart = listBytes;
  for (let index = 0; index < pieceCount; index += 1) {
    const row = 2 + index * ROW_NUMBERS;
    const [layer, offset, sizeBytes] = [numberAt(row), numberAt(row + 1), numberAt(row + 2)];
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(sizeBytes) || sizeBytes < 1)
      return undefined;
    if (layer === MADE_BYTES) {
      const bytes = saved.subarray(madeStart, madeStart + sizeBytes);
      pieces.push({ offset: position, sizeBytes, source: { kind: "bytes", bytes } });
      madeStart += sizeBytes;
    } else {
      const access = layers[layer];
      if (access === undefined || offset + sizeBytes > access.sizeBytes) return undefined;
      pieces.push({ offset: position, sizeBytes, source: { kind: "layer", layer, access, offset } });
    }
    position += sizeBytes;
  }
  if (madeStart !== saved.length || !Number.isSafeInteger(position)) return undefined;
  return new Composition({ pieces, inodeCount: numberAt(1), notes: [], release: () => Promise.resolve() });
}
