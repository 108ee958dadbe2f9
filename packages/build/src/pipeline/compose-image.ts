import { canonicalJson } from "@repo2singularity/base";
import { ImageRecord, type Recipe } from "@repo2singularity/contracts";
import {
  type Composition,
  extractTree,
  inspectMetadata,
  inspectMetadataName,
  openSif,
  openSquashfs,
  openSquashfsFrom,
  planComposition,
  type SingularityTreeOptions,
  type SquashfsImage,
  uuidFromContent,
  writeSif,
} from "@repo2singularity/image";

/** Name of the object of a SIF that holds its {@link ImageRecord}. */
const recordName = "repo2singularity.json";

/** What a finished image is made from. */
export interface ImageParts {
  /** Paths of squashfs layers, bottom first. */
  readonly layerPaths: readonly string[];
  readonly record: ImageRecord;
  readonly platform: Recipe["platform"];
  readonly texts: SingularityTreeOptions;
  readonly signal: AbortSignal;
}

/** Composes layers and hands the composition on while they are open. */
async function withComposition<T>(parts: ImageParts, use: (composition: Composition) => Promise<T>): Promise<T> {
  const images: SquashfsImage[] = [];
  try {
    for (const layer of parts.layerPaths) images.push(await openSquashfs(layer));
    return await use(await planComposition(images, { signal: parts.signal }));
  } finally {
    await Promise.all(images.map((image) => image.close()));
  }
}

/** Writes the SIF; it appears under its name when it is whole. @returns its size and what is to be told */
export function writeImageSif(
  output: string,
  parts: ImageParts,
): Promise<{ readonly sizeBytes: number; readonly notes: readonly string[] }> {
  const { record, platform, texts, signal } = parts;
  return withComposition(parts, async (composition) => {
    const { sizeBytes } = await writeSif(output, {
      uuid: uuidFromContent(record.key),
      createdSeconds: record.timestamp,
      signal,
      objects: [
        { kind: { type: "definition" }, content: texts.definition },
        { kind: { type: "json" }, name: inspectMetadataName, content: inspectMetadata(texts) },
        { kind: { type: "json" }, name: recordName, content: canonicalJson(record) },
        {
          kind: {
            type: "partition",
            partition: {
              kind: "primary",
              fileSystem: "squashfs",
              architecture: platform === "linux/arm64" ? "arm64" : "amd64",
            },
          },
          content: composition,
        },
      ],
    });
    return { sizeBytes, notes: composition.notes };
  });
}

/** Unpacks the image into a folder that is empty or absent; the record lies in `.singularity.d` there. */
export function writeImageSandbox(folder: string, parts: ImageParts): Promise<void> {
  return withComposition(parts, async (composition) => {
    const image = await openSquashfsFrom(composition);
    await extractTree(image.entries(), folder, { ownership: "mine", signal: parts.signal });
  });
}

/**
 * The record of a SIF that repo2singularity built.
 * @returns `undefined` when the SIF is somebody else's
 */
export async function readImageRecord(file: string): Promise<ImageRecord | undefined> {
  await using sif = await openSif(file);
  const descriptor = sif.findByName(recordName);
  if (descriptor === undefined) return undefined;
  const text = new TextDecoder().decode(await sif.readBytes(descriptor.id));
  const parsed = ImageRecord.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
