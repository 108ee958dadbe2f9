import { open } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import { sifMagic } from "./sif/layout.ts";
import { openSif } from "./sif/read.ts";
import { openSquashfs, type OpenOptions, type SquashfsImage } from "./squashfs/squashfs-image.ts";

/** What kind of image file it is. */
export type ImageFormat = "sif" | "squashfs";

const sifMagicOffset = 32;
const squashfsMagic = "hsqs";

/**
 * The format of an image file, by its first bytes; its name does not count.
 * @throws E_IMAGE_FORMAT when it is neither a SIF nor a squashfs image, or cannot be read
 */
export async function detectImageFormat(path: string): Promise<ImageFormat> {
  const start = Buffer.alloc(sifMagicOffset + sifMagic.length);
  try {
    await using file = await open(path, "r");
    await file.read(start, 0, start.length, 0);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new AppError("E_IMAGE_FORMAT", `${path}: cannot be read (${reason})`, { cause: error });
  }
  if (start.toString("latin1", sifMagicOffset) === sifMagic) return "sif";
  if (start.toString("latin1", 0, squashfsMagic.length) === squashfsMagic) return "squashfs";
  throw new AppError("E_IMAGE_FORMAT", `${path}: is neither a SIF nor a squashfs image`, {
    hint: "give a file made by repo2singularity, apptainer or mksquashfs",
  });
}

/**
 * Opens the file tree of an image: of a squashfs file, or of the primary partition of a SIF.
 * @returns an image that must be closed
 * @throws E_IMAGE_FORMAT when the file is neither, or the partition holds another file system (ext3, encrypted)
 * @throws what `openSif` and `openSquashfs` throw for damaged files
 */
export async function openImage(path: string, options: Pick<OpenOptions, "limits"> = {}): Promise<SquashfsImage> {
  if ((await detectImageFormat(path)) === "squashfs") return openSquashfs(path, options);
  await using sif = await openSif(path);
  const { partition, offset, sizeBytes } = sif.primaryPartition();
  if (partition?.fileSystem !== "squashfs") {
    throw new AppError(
      "E_IMAGE_FORMAT",
      `${path}: its file system is ${partition?.fileSystem ?? "unknown"}, only squashfs can be read`,
    );
  }
  return await openSquashfs(path, { ...options, offsetBytes: offset, sizeBytes });
}
