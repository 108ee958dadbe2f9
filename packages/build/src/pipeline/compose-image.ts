import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { canonicalJson } from "@repo2singularity/base";
import { ImageRecord, type Recipe } from "@repo2singularity/contracts";
import {
  extractTree,
  inspectMetadata,
  inspectMetadataName,
  openSif,
  openSquashfsFrom,
  type SingularityTreeOptions,
  uuidFromContent,
  writeSif,
} from "@repo2singularity/image";
import type { Store } from "@repo2singularity/store";
import { spdxDocument } from "../statement/spdx-document.ts";
import { type ImageLayers, withComposition } from "./compose-layers.ts";

/** Name of the object of a SIF that holds its {@link ImageRecord}. */
const recordName = "repo2singularity.json";

/** What a finished image is made from. */
export interface ImageParts {
  readonly layers: ImageLayers;
  /** Where the layers lie. */
  readonly store: Store;
  readonly record: ImageRecord;
  readonly platform: Recipe["platform"];
  readonly texts: SingularityTreeOptions;
  readonly signal: AbortSignal;
}

/** Writes the SIF; it appears under its name when it is whole. @returns its size and what is to be told */
export function writeImageSif(
  output: string,
  parts: ImageParts,
): Promise<{ readonly sizeBytes: number; readonly notes: readonly string[] }> {
  const { record, platform, texts, signal } = parts;
  return withComposition(parts.layers, parts, async (composition) => {
    const { sizeBytes } = await writeSif(output, {
      uuid: uuidFromContent(record.key),
      createdSeconds: record.timestamp,
      signal,
      objects: [
        { kind: { type: "definition" }, content: texts.definition },
        { kind: { type: "json" }, name: inspectMetadataName, content: inspectMetadata(texts) },
        { kind: { type: "json" }, name: recordName, content: canonicalJson(record) },
        { kind: { type: "sbom", sbomFormat: "spdx-json" }, name: "sbom.spdx.json", content: spdxDocument(record) },
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

/** Unpacks the image into a folder that is empty or absent; its record lies in `.singularity.d` there. */
export function writeImageSandbox(folder: string, parts: ImageParts): Promise<void> {
  return withComposition(parts.layers, parts, async (composition) => {
    const image = await openSquashfsFrom(composition);
    await extractTree(image.entries(), folder, { ownership: "mine", signal: parts.signal });
    await writeFile(path.join(folder, ".singularity.d", recordName), canonicalJson(parts.record));
  });
}

/** The record of a sandbox that repo2singularity built; `undefined` when the folder is something else. */
export async function readSandboxRecord(folder: string): Promise<ImageRecord | undefined> {
  return tryParseRecord(await readFile(path.join(folder, ".singularity.d", recordName), "utf8"));
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
  return tryParseRecord(text);
}

function tryParseRecord(text: string): ImageRecord | undefined {
  const parsed = ImageRecord.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
