import { dirname, resolve } from "node:path";
import { canonicalJson, sha256Hex } from "@repo2singularity/base";
import {
  bindTargetTree,
  inspectMetadata,
  inspectMetadataName,
  parseSifArchitecture,
  singularityTree,
  uuidFromContent,
  writeSif,
  type SifObjectSource,
} from "@repo2singularity/image";
import type { OciImage } from "../oci/model.ts";
import { platformOf } from "../oci/platform.ts";
import { openImageSource, type ImageSourceOptions } from "../open-image-source.ts";
import { parseReference, type ImageReference } from "../reference/parse-reference.ts";
import { imageScripts, ociConfigJson } from "./image-scripts.ts";
import { withPackedImage, type PackLayerOptions } from "./pack-image.ts";

/** How an image is converted. */
export interface ConvertOptions extends Partial<Omit<ImageSourceOptions, "signal">>, Partial<PackLayerOptions> {
  /** Folder against which a relative path in the reference is resolved. */
  readonly cwd: string;
  /** For what is on its way; the output's folder when left out. */
  readonly scratchDir?: string;
}

/** What {@link convertImage} made. */
export interface ConvertedImage {
  readonly sizeBytes: number;
  /** Of the source; see `OciImage.digest`. */
  readonly sourceDigest: string;
  readonly uuid: string;
}

/**
 * Converts an OCI image, in a registry, an archive or a layout, into a SIF that runs under Apptainer as one that
 * `apptainer build` made of it. Needs neither a daemon nor Apptainer; nothing is unpacked to disk.
 * Equal images and options give equal bytes.
 * @param source such as `docker-archive:x.tar`, or a parsed reference
 * @throws what `parseReference`, `openImageSource` and `writeSif` throw; E_SIF_INVALID for an unknown architecture
 */
export async function convertImage(
  source: string | ImageReference,
  outPath: string,
  options: ConvertOptions,
): Promise<ConvertedImage> {
  const reference = typeof source === "string" ? parseReference(source, { cwd: options.cwd }) : source;
  const platform = options.platform ?? platformOf(process.arch);
  await using opened = await openImageSource(reference, { ...options, platform });
  const packing: PackLayerOptions = {
    ...options,
    compression: options.compression ?? "zstd",
    ownership: options.ownership ?? "root",
  };
  return await convertOpened(opened.image, outPath, {
    packing,
    reference,
    scratchDir: options.scratchDir ?? dirname(resolve(outPath)),
  });
}

async function convertOpened(
  image: OciImage,
  outPath: string,
  options: { readonly packing: PackLayerOptions; readonly reference: ImageReference; readonly scratchDir: string },
): Promise<ConvertedImage> {
  const { packing, reference, scratchDir } = options;
  const architecture = parseSifArchitecture(image.config.architecture);
  const scripts = imageScripts(image.config, reference);
  const { compression, level, blockSizeBytes, ownership, signal } = packing;
  const recipe = { digest: image.digest, scripts, compression, level, blockSizeBytes, ownership };
  const uuid = uuidFromContent(sha256Hex(canonicalJson(recipe)));
  const documents: readonly SifObjectSource[] = [
    { kind: { type: "definition" }, content: scripts.definition },
    { kind: { type: "json" }, name: inspectMetadataName, content: inspectMetadata(scripts) },
    { kind: { type: "json" }, name: "oci-config.json", content: ociConfigJson(image.config) },
  ];
  const partition = { fileSystem: "squashfs", kind: "primary", architecture } as const;
  const below = bindTargetTree(scripts.timestampSeconds);
  const above = singularityTree(scripts);
  const kind = { type: "partition", partition } as const;
  const { sizeBytes } = await withPackedImage(image, { ...packing, below, above, scratchDir }, (content) =>
    writeSif(outPath, {
      ...("writeInto" in content
        ? { objects: documents, last: { kind, content } }
        : { objects: [...documents, { kind, content }] }),
      uuid,
      createdSeconds: scripts.timestampSeconds,
      ...(signal !== undefined && { signal }),
    }),
  );
  return { sizeBytes, sourceDigest: image.digest, uuid };
}
