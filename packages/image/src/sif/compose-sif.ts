import { AppError } from "@repo2singularity/base";
import { Composition, type CompositionPiece } from "../squashfs/compose/composition.ts";
import type { SifFile } from "./read.ts";

/** What lies around a partition: descriptors, a definition, a record of packages, signatures. More than this is no image of ours. */
const aroundLimitBytes = 64 * 2 ** 20;

/**
 * A whole SIF as a composition: its primary partition by the layers that it was composed from, everything around it as
 * bytes. Nothing of the partition is read, so whoever trusts the result compares its digest with the file's.
 * @param partition the same layers composed again; must stay open while the result is used
 * @throws E_SIF_INVALID when the partition has another size, E_LIMIT_EXCEEDED when more than 64 MiB lie around it
 */
export async function composeSif(sif: SifFile, partition: Composition): Promise<Composition> {
  const { offset, sizeBytes } = sif.primaryPartition();
  if (sizeBytes !== partition.sizeBytes) {
    throw new AppError(
      "E_SIF_INVALID",
      `${sif.path}: its partition has ${sizeBytes} bytes, its layers give ${partition.sizeBytes}`,
    );
  }
  const end = offset + sizeBytes;
  const aroundBytes = sif.sizeBytes - sizeBytes;
  if (aroundBytes > aroundLimitBytes) {
    throw new AppError("E_LIMIT_EXCEEDED", `${sif.path}: ${aroundBytes} bytes around its partition, limit 64 MiB`);
  }
  const before = await sif.readRange(0, offset);
  const behind = await sif.readRange(end, sif.sizeBytes - end);
  const inside = partition.pieces.map((piece) => ({ ...piece, offset: offset + piece.offset }));
  return new Composition({
    pieces: [...madePiece(before, 0), ...inside, ...madePiece(behind, end)],
    inodeCount: partition.inodeCount,
    notes: partition.notes,
    release: () => Promise.resolve(),
  });
}

function madePiece(bytes: Uint8Array, offset: number): CompositionPiece[] {
  return bytes.length === 0 ? [] : [{ offset, sizeBytes: bytes.length, source: { kind: "bytes", bytes } }];
}
