import type { NetworkOptions } from "@repo2singularity/base/http";
import { readDockerArchive } from "./archive/docker-archive.ts";
import { readOciLayout } from "./archive/oci-layout.ts";
import { pullImage, type PullOptions } from "./client/pull-image.ts";
import { openRegistryTransport } from "./http/errors.ts";
import type { OciImage } from "./oci/model.ts";
import type { Platform } from "./oci/platform.ts";
import type { ImageReference } from "./reference/parse-reference.ts";

/** How images are found, wherever they are. */
export interface ImageSourceOptions extends Omit<PullOptions, "transport" | "platform"> {
  readonly platform: Platform;
  readonly network?: NetworkOptions;
}

/** An image with the connections that its layers come over. */
export interface OpenImageSource extends AsyncDisposable {
  readonly image: OciImage;
}

/**
 * Opens the image of a reference, in a registry, an archive or a layout.
 * @returns must be disposed when its layers are read
 * @throws what `pullImage`, `readDockerArchive` and `readOciLayout` throw
 */
export async function openImageSource(
  reference: ImageReference,
  options: ImageSourceOptions,
): Promise<OpenImageSource> {
  if (reference.kind !== "docker") {
    return { image: await readArchive(reference, options.platform), [Symbol.asyncDispose]: async () => {} };
  }
  const transport = await openRegistryTransport(options.network);
  try {
    const image = await pullImage(reference, { ...options, transport });
    return { image, [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() };
  } catch (error) {
    await transport[Symbol.asyncDispose]();
    throw error;
  }
}

function readArchive(reference: Exclude<ImageReference, { kind: "docker" }>, platform: Platform): Promise<OciImage> {
  const { kind, path, name } = reference;
  if (kind === "docker-archive") return readDockerArchive(path, name);
  const form = kind === "oci" ? "folder" : "tar";
  return readOciLayout(path, { form, platform, ...(name !== undefined && { name }) });
}
