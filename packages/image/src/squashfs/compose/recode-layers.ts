import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { openSquashfs, type SquashfsImage } from "../squashfs-image.ts";
import { packSquashfs } from "../write-squashfs.ts";
import { hasFormat, type TargetFormat } from "./target-format.ts";

/** Where and how layers of another format are written anew. */
export interface RecodeOptions {
  readonly format: TargetFormat;
  /** A folder for the recoded layers; needed only when there are any. */
  readonly scratchDirectory?: string;
  readonly compressorCount?: number;
  readonly signal?: AbortSignal;
}

/** Layers of one format. */
export interface UniformLayers {
  /** In the order of the layers; those that had the format already are the same objects. */
  readonly layers: readonly SquashfsImage[];
  readonly notes: readonly string[];
  /** Closes and removes what was recoded. */
  release(): Promise<void>;
}

/**
 * Gives every layer the same compressor and block size; a layer that has another one is packed anew into a file.
 * @throws E_USAGE when a layer must be recoded and there is no scratch folder
 */
export async function unifyLayers(layers: readonly SquashfsImage[], options: RecodeOptions): Promise<UniformLayers> {
  const others = layers.filter((layer) => !hasFormat(layer, options.format));
  if (others.length === 0) return { layers, notes: [], release: () => Promise.resolve() };
  if (options.scratchDirectory === undefined) {
    throw new AppError("E_USAGE", `${others[0]?.access.label}: ${describeRecoding(others[0], options.format)}`, {
      hint: "give a scratch folder for the recoded layer, or pack the layers with the same compressor and block size",
    });
  }
  const folder = await mkdtemp(join(options.scratchDirectory, "recoded-layers-"));
  const recoded = new Map<SquashfsImage, SquashfsImage>();
  const release = async (): Promise<void> => {
    for (const image of recoded.values()) await image.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const layer of others) recoded.set(layer, await recodeLayer(layer, folder, recoded.size, options));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    layers: layers.map((layer) => recoded.get(layer) ?? layer),
    notes: others.map((layer) => `${layer.access.label}: ${describeRecoding(layer, options.format)}`),
    release,
  };
}

async function recodeLayer(
  layer: SquashfsImage,
  folder: string,
  index: number,
  options: RecodeOptions,
): Promise<SquashfsImage> {
  const path = join(folder, `${index}.sqfs`);
  const { compressorCount, signal, format } = options;
  await packSquashfs(layer.entries(), path, {
    ...format.blockCompression,
    blockSizeBytes: format.blockSizeBytes,
    mtimeSeconds: layer.superblock.mtimeSeconds,
    ...(compressorCount === undefined ? {} : { compressorCount }),
    ...(signal === undefined ? {} : { signal }),
  });
  return openSquashfs(path, { limits: layer.limits });
}

function describeRecoding(layer: SquashfsImage | undefined, format: TargetFormat): string {
  const from = layer?.superblock;
  return (
    `recoded from ${from?.compressor} in blocks of ${from?.blockSizeBytes} bytes ` +
    `to ${format.blockCompression.compression} in blocks of ${format.blockSizeBytes} bytes`
  );
}
